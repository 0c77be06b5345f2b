"""Summaries as JSON: the value of an answer, the values that a schema offers, and the words of the model's own."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NoReturn

from jsonschema import ValidationError
from jsonschema.validators import validator_for

from streaming.summarizer.prompts import PromptProfile


def parse(answer: str, schema: Mapping[str, Any]) -> Any | None:
    """Return the value of an answer in JSON; None when it is no JSON, or does not match `schema`."""
    try:
        value = json.loads(answer, parse_constant=_no_json)
        # Half of a pair of surrogates is no text, and a number above all floats is none.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        validator_for(schema)(schema).validate(value)
    except (ValueError, RecursionError, ValidationError):
        return None
    return value


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def choices(schema: Any) -> set[str]:
    """Return the strings that a schema lets an answer choose from: those of its `enum` and `const`, at any depth."""
    if isinstance(schema, list):
        return {choice for item in schema for choice in choices(item)}
    if not isinstance(schema, Mapping):
        return set()
    values = [schema.get("const"), *(schema["enum"] if isinstance(schema.get("enum"), list) else [])]
    return {value for value in values if isinstance(value, str)} | choices(list(schema.values()))


def answer_of(summary: str, profile: PromptProfile) -> Any:
    """Return the value of a summary in JSON; None for a text."""
    return None if profile.schema_ is None else json.loads(summary)


def free_text(summary: str, profile: PromptProfile) -> str:
    """Return the text that the model wrote freely: the whole summary, or the strings of JSON that are no choices."""
    if profile.schema_ is None:
        return summary
    return strings_of(json.loads(summary), excluded=choices(profile.schema_))


def strings_of(value: Any, *, excluded: Collection[str] = ()) -> str:
    """Return the strings of a JSON value, one to a line, without the names of its fields and the `excluded`."""
    return "\n".join(string for string in _strings(value) if string not in excluded)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
