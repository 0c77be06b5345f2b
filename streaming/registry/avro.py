"""Reads Avro with the schema of its writer, as a value of JSON in which everything is what a person writes.

    Avro                                    becomes
    --------------------------------------  -------------------------------------------
    record, map; array                      object; list
    union, enum                             the value; the name of the symbol
    timestamp, with or without a zone       "2026-01-31T08:00:00Z"; "2026-01-31T08:00:00"
    date, time                              "2026-01-31", "08:00:00"
    decimal, uuid                           "12.50", "9f0c..."
    bytes, fixed                            their text when they are UTF-8, else Base64

A payload of nothing but empty lists, or nested without an end, costs one record: the number of values is limited, a
list whose items take no bytes is refused, and so is a schema of which no byte, or a few, are as many values. A schema
that contains itself is read by a reader that Python's recursion limit stops.
"""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import fastavro
from fastavro import _read_py
from fastavro.schema import SchemaParseException

from streaming.errors import BadInput
from streaming.registry import logical_types
from streaming.registry.limits import MOST_VALUES, too_many_values


class _Payload(io.BytesIO):
    """A payload that ends after `most` readings: a reader reads each value apart, and each byte of a number."""

    def __init__(self, payload: bytes, most: int) -> None:
        super().__init__(payload)
        self._left = most

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise too_many_values()
        return super().read(size)


class AvroReader:
    """Reads the payloads of one schema."""

    def __init__(self, text: str, references: tuple[str, ...]) -> None:
        """`references` are the texts of the schemas that it refers to, each behind those that it refers to itself.

        Raises `BadInput` (SchemaMismatch) for a schema that cannot be used.
        """
        logical_types.install()
        named: dict[str, Any] = {}
        try:
            for reference in references:
                fastavro.parse_schema(_parsed(reference), named_schemas=named)
            self._schema = fastavro.parse_schema(_parsed(text), named_schemas=named)
            facts = _Facts(named)
            facts.visit(self._schema, ())
        except (SchemaParseException, ValueError, TypeError, KeyError, RecursionError) as error:
            raise BadInput(f"its Avro schema cannot be used ({type(error).__name__})", type="SchemaMismatch") from error
        if facts.has_empty_items:
            raise BadInput("its Avro schema has a list whose items take no bytes", type="SchemaMismatch")
        if facts.values > MOST_VALUES:
            raise too_many_values()
        # A record in a record is one value more, or two; a schema with more of them for a reading gets fewer readings.
        self._most_readings = MOST_VALUES // max(1, facts.values_of_a_reading // 2)
        # fastavro's reader in C ends the process on a payload that is nested 100,000 deep, its Python reader does not.
        self._read: Callable[..., Any] = (
            _read_py.schemaless_reader if facts.is_recursive else fastavro.schemaless_reader
        )

    def read(self, payload: bytes) -> Any:
        """Return a payload's value; raises `BadInput` (SchemaMismatch)."""
        file = _Payload(payload, self._most_readings)
        try:
            # Bytes that are not UTF-8 are mended as they are in JSON.
            value = _plain(self._read(file, self._schema, handle_unicode_errors="surrogateescape"))
        except (EOFError, ValueError, LookupError, OverflowError, TypeError, RecursionError) as error:
            # The library's message may have a part of the text.
            name = type(error).__name__
            raise BadInput(f"its bytes do not fit its Avro schema ({name})", type="SchemaMismatch") from None
        if rest := len(payload) - file.tell():
            raise BadInput(f"its Avro schema does not account for its last {rest:,} bytes", type="SchemaMismatch")
        return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # A primitive's name alone.
        return text.strip()


class _Facts:
    """What is dangerous about a schema.

    `values` is what its largest record has, and `values_of_a_reading` what a record has for each of its readings at
    most, both without lists, maps and what a union chooses: those take readings of their own.
    """

    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._seen: set[str] = set()
        self._weights: dict[str, tuple[int, int]] = {}
        self.is_recursive = self.has_empty_items = False
        self.values = self.values_of_a_reading = 1

    def visit(self, schema: Any, path: tuple[str, ...]) -> None:
        """Visit a schema; `path` has the names of the records that it is in."""
        if isinstance(schema, list):
            for branch in schema:
                self.visit(branch, path)
        elif isinstance(schema, str):
            self.is_recursive |= schema in path
            if schema in self._named and schema not in self._seen and schema not in path:
                self.visit(self._named[schema], path)
        elif isinstance(schema["type"], dict | list):
            self.visit(schema["type"], path)
        elif schema["type"] in ("record", "error"):
            self._seen.add(schema["name"])
            for inner in schema["fields"]:
                self.visit(inner["type"], (*path, schema["name"]))
            values, readings = self._weight(schema, ())
            self.values = max(self.values, values)
            self.values_of_a_reading = max(self.values_of_a_reading, values // max(1, readings))
        elif schema["type"] == "array":
            self.has_empty_items |= not self._weight(schema["items"], ())[1]
            self.visit(schema["items"], path)
        elif schema["type"] == "map":
            self.visit(schema["values"], path)
        elif schema["type"] in self._named and schema.get("name") != schema["type"]:
            self.visit(schema["type"], path)

    def _weight(self, schema: Any, path: tuple[str, ...]) -> tuple[int, int]:
        """Return how many values and, at least, how many readings a value of a schema is."""
        if isinstance(schema, str):
            if schema in self._weights:
                return self._weights[schema]
            if schema in path:
                return 0, 1
            return self._weight(self._named[schema], path) if schema in self._named else (1, int(schema != "null"))
        # A union has the number of its branch.
        if isinstance(schema, list):
            return 1, 1
        kind = schema["type"]
        if kind in ("record", "error"):
            weights = [self._weight(inner["type"], (*path, schema["name"])) for inner in schema["fields"]]
            weight = 1 + sum(values for values, _ in weights), sum(readings for _, readings in weights)
            self._weights[schema["name"]] = weight
            return weight
        if kind == "fixed":
            return 1, int(schema["size"] != 0)
        return (1, 1) if kind in ("enum", "array", "map") else self._weight(kind, path)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return b64encode(value).decode()
    return value
