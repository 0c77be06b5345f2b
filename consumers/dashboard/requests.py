"""Reads the query strings of the API; what is wrong in one is refused with a sentence."""

from __future__ import annotations

import math

from starlette.datastructures import QueryParams

from consumers.dashboard.answers import Refusal
from consumers.live.filters import Filters
from consumers.live.rows import Position

# Rows of a page: by default a few screens, at most what a browser draws at once without a pause.
_ROWS, _MOST_ROWS = 100, 500
# Numbers in JSON are exact up to here.
_MOST_EXACT = 2**53
# What a person types and chooses. Each word is looked for in 10,000 rows, again with each event.
_MOST_CHARACTERS, _MOST_LABELS = 1000, 20


def filters_of(parameters: QueryParams) -> Filters:
    """Return the filters: text, status, prompt, model, and meta=key:value, which may be repeated."""
    pairs = [pair.partition(":") for pair in parameters.getlist("meta")]
    if any(not key or not colon for key, colon, _ in pairs):
        raise Refusal(400, "The filter `meta` takes key:value.")
    names = ("text", "status", "prompt", "model")
    if len(parameters.get("text", "")) > _MOST_CHARACTERS or len(pairs) > _MOST_LABELS:
        raise Refusal(
            400, f"The filters take a text of {_MOST_CHARACTERS:,} characters and {_MOST_LABELS} `meta` at the most."
        )
    return Filters(
        **{name: parameters.get(name, "") for name in names}, metadata=tuple((key, value) for key, _, value in pairs)
    )


def limit_of(parameters: QueryParams, default: int = _ROWS, most: int = _MOST_ROWS) -> int:
    """Return how many rows are asked for, at most as many as a page may have."""
    limit = number_of(parameters, "limit")
    return default if limit is None else max(1, min(limit, most))


def number_of(parameters: QueryParams, name: str) -> int | None:
    """Return a whole number, None where it is not given."""
    text = parameters.get(name)
    if text is None:
        return None
    try:
        number = int(text)
    except ValueError:
        number = _MOST_EXACT
    if abs(number) >= _MOST_EXACT:
        raise Refusal(400, f"`{name}` takes a whole number.")
    return number


def decimal_of(parameters: QueryParams, name: str) -> float | None:
    """Return a number, None where it is not given."""
    text = parameters.get(name)
    try:
        number = None if text is None else float(text)
    except ValueError:
        number = math.inf
    if number is not None and not abs(number) < _MOST_EXACT:
        raise Refusal(400, f"`{name}` takes a number.")
    return number


def place_of(parameters: QueryParams) -> Position:
    """Return the place of a record: topic, partition, offset."""
    topic, partition, offset = (
        parameters.get("topic"),
        number_of(parameters, "partition"),
        number_of(parameters, "offset"),
    )
    if not topic or partition is None or offset is None or min(partition, offset) < 0:
        raise Refusal(400, "A record's place is its `topic`, `partition` and `offset`.")
    return topic, partition, offset
