"""A comparison as one JSON object: counts, and the two messages of each document that differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from streaming.messages import Summary
from streaming.operations.diff.comparison import DIFFERENCES, LETTERS, Comparison, Difference, Letter


def json_parts(titles: Mapping[Letter, str], comparison: Comparison, *, differences: bool) -> Iterator[str]:
    """Yield the parts of the object, in ASCII; `differences` lists the documents, too, each on a line."""
    sides = {letter: {"name": titles[letter], **asdict(comparison.counts(letter))} for letter in LETTERS}
    yield json.dumps({"counts": {**sides, **comparison.changes()}})[:-1]
    if differences:
        yield ', "differences": ['
        for number, difference in enumerate(comparison.documents(DIFFERENCES)):
            yield ("," if number else "") + "\n" + json.dumps(_difference(difference))
        yield "]"
    yield "}\n"


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "id": difference.id,
        "change": difference.change,
        "reason": difference.reason,
        "a": _message(difference.a),
        "b": _message(difference.b),
    }


def _message(summary: Summary | None) -> dict[str, Any] | None:
    return None if summary is None else summary.model_dump(mode="json", by_alias=True)
