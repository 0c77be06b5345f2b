"""Summaries as JSON: what a schema asks for, and what of an answer are its words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import ValidationError
from jsonschema.validators import validator_for


def parse(answer: str, schema: Mapping[str, Any]) -> Any | None:
    """Return the value that an answer holds; None when it is no JSON, or not as `schema` says."""
    try:
        value = json.loads(answer)
        validator_for(schema)(schema).validate(value)
    except (ValueError, RecursionError, ValidationError):
        return None
    return value


def spoken(value: Any) -> str:
    """Return the strings of a value, one to a line: what it says, without the names of its fields."""
    return "\n".join(_strings(value))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
