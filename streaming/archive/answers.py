"""Answers in JSON as columns: a typed column `answer_<profile>` for each prompt profile with a JSON Schema.

An object of the schema becomes a struct, an array a list. A value that a column cannot type (any of several types, a
map of unknown fields, a schema that refers to itself) becomes its JSON as text. Every file of a query has the columns
of all its profiles, and each value stands in the column of its profile: so no two types meet in one column.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

# The columns' names begin so.
PREFIX = "answer_"
_PLAIN: dict[str, tuple[pa.DataType, Callable[[Any], Any]]] = {
    "string": (pa.string(), lambda value: value if isinstance(value, str) else None),
    "boolean": (pa.bool_(), lambda value: value if isinstance(value, bool) else None),
    "integer": (pa.int64(), lambda value: _whole(value)),
    "number": (pa.float64(), lambda value: _real(value)),
}
_OF_CONSTANTS: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True)
class Typed:
    """The column type of a schema, and what makes a value of JSON one of the column; None where it does not fit."""

    type: pa.DataType
    convert: Callable[[Any], Any]


class AnswerColumn:
    """The column for the answers of one version of a profile."""

    def __init__(self, profile: str, sha256: str, schema: Mapping[str, Any]) -> None:
        """`sha256` is the profile's, as in `prompt.sha256` of a summary; `schema` is its JSON Schema."""
        self._profile, self._sha256 = profile, sha256
        self._typed = typed(schema)
        self.name = f"{PREFIX}{profile}"

    @property
    def field(self) -> pa.Field:
        """The column."""
        return pa.field(self.name, self._typed.type)

    def value(self, row: Mapping[str, Any]) -> Any:
        """Return the answer of a row, from its text; None when the row is another profile's, or another version's."""
        prompt = row.get("prompt")
        if prompt is None or (prompt["name"], prompt["sha256"]) != (self._profile, self._sha256):
            return None
        return self._typed.convert(json.loads(row["summary"]))


def typed(schema: Any) -> Typed:
    """Return the column type of a JSON Schema."""
    return _typed(schema, schema, frozenset())


def _typed(schema: Any, root: Any, within: frozenset[str]) -> Typed:
    """Return the type of a part of the schema `root`, `within` the references that led to it."""
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    if isinstance(reference, str):
        if reference in within or not reference.startswith("#/"):
            return _TEXT
        return _typed(_referred(reference, root), root, within | {reference})
    if not isinstance(schema, Mapping):
        return _TEXT
    kind = _kind(schema)
    if isinstance(kind, Mapping):
        return _typed(kind, root, within)
    if kind in _PLAIN:
        return Typed(*_PLAIN[kind])
    if kind == "array" and isinstance(schema.get("items"), Mapping) and "prefixItems" not in schema:
        return _list(_typed(schema["items"], root, within))
    properties = schema.get("properties")
    # Spark and DuckDB do not tell capitals from small letters in names.
    if kind == "object" and properties and len({name.casefold() for name in properties}) == len(properties):
        return _struct({name: _typed(value, root, within) for name, value in properties.items()})
    return _TEXT


def _referred(reference: str, root: Any) -> Any:
    """Return the part of a schema that a reference names; None when there is none."""
    part = root
    for name in reference[2:].split("/"):
        part = part.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(part, Mapping) else None
    return part


def _kind(schema: Mapping[str, Any]) -> str | Mapping[str, Any] | None:
    """Return the one type that values of a schema have, or the one schema that it stands for; null does not count."""
    constants = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(constants, list):
        kinds = {_OF_CONSTANTS.get(type(constant)) for constant in constants if constant is not None}
        return kinds.pop() if len(kinds) == 1 else None
    for name in ("anyOf", "oneOf"):
        if isinstance(schema.get(name), list):
            others = [other for other in schema[name] if other != {"type": "null"}]
            return others[0] if len(others) == 1 and isinstance(others[0], Mapping) else None
    named = schema.get("type")
    names = {named} if isinstance(named, str) else set(named or ()) - {"null"}
    if names == {"integer", "number"}:
        return "number"
    if not names and "properties" in schema:
        return "object"
    return names.pop() if len(names) == 1 else None


def _list(items: Typed) -> Typed:
    def convert(value: Any) -> Any:
        return [items.convert(item) for item in value] if isinstance(value, list) else None

    return Typed(pa.list_(items.type), convert)


def _struct(fields: Mapping[str, Typed]) -> Typed:
    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return None
        return {name: field.convert(value[name]) if name in value else None for name, field in fields.items()}

    return Typed(pa.struct([(name, field.type) for name, field in fields.items()]), convert)


def _whole(value: Any) -> int | None:
    # In JSON Schema 3.0 is an integer, and so is what 64 bits do not hold.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value) if -(2**63) <= value < 2**63 else None


def _real(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


_TEXT = Typed(pa.string(), lambda value: None if value is None else json.dumps(value, ensure_ascii=False))
