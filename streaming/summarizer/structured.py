"""Summaries as JSON: what a schema asks for, and what of an answer are its words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NoReturn

from jsonschema import ValidationError
from jsonschema.validators import validator_for

from streaming.summarizer.prompts import PromptProfile


def parse(answer: str, schema: Mapping[str, Any]) -> Any | None:
    """Return the value that an answer holds; None when it is no JSON, or not as `schema` says."""
    try:
        value = json.loads(answer, parse_constant=_no_json)
        # Half of a pair of surrogates is no text.
        json.dumps(value, ensure_ascii=False).encode()
        validator_for(schema)(schema).validate(value)
    except (ValueError, RecursionError, ValidationError):
        return None
    return value


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def choices(schema: Any) -> set[str]:
    """Return the strings that a schema lets an answer choose from: those of its `enum` and `const`, at any depth."""
    if isinstance(schema, list):
        return {one for item in schema for one in choices(item)}
    if not isinstance(schema, Mapping):
        return set()
    given = [schema.get("const"), *(schema["enum"] if isinstance(schema.get("enum"), list) else [])]
    return {one for one in given if isinstance(one, str)} | choices(list(schema.values()))


def free_text(summary: str, profile: PromptProfile) -> str:
    """Return the words of a summary by a profile: all of it, or of JSON what the model chose itself."""
    if profile.schema_ is None:
        return summary
    return spoken(json.loads(summary), besides=choices(profile.schema_))


def spoken(value: Any, *, besides: Collection[str] = ()) -> str:
    """Return the strings of a value, one to a line: what it says, without the names of its fields, and `besides`."""
    return "\n".join(one for one in _strings(value) if one not in besides)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
