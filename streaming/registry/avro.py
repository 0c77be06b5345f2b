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
list whose items take no bytes is refused, and a schema that contains itself is read by a reader that Python's recursion
limit stops.
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
    """A payload that ends after `MOST_VALUES` readings: a reader reads each value apart, and each byte of a number."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload)
        self._left = MOST_VALUES

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
        except (SchemaParseException, ValueError, TypeError, KeyError, RecursionError) as error:
            raise BadInput(f"its Avro schema cannot be used ({type(error).__name__})", type="SchemaMismatch") from error
        facts = _Facts(named)
        facts.visit(self._schema, ())
        if facts.has_empty_items:
            raise BadInput("its Avro schema has a list whose items take no bytes", type="SchemaMismatch")
        # fastavro's reader in C ends the process on a payload that is nested 100,000 deep, its Python reader does not.
        self._read: Callable[..., Any] = (
            _read_py.schemaless_reader if facts.is_recursive else fastavro.schemaless_reader
        )

    def read(self, payload: bytes) -> Any:
        """Return a payload's value; raises `BadInput` (SchemaMismatch)."""
        file = _Payload(payload)
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
    """What is dangerous about a schema."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._seen: set[str] = set()
        self.is_recursive = self.has_empty_items = False

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
        elif schema["type"] == "array":
            self.has_empty_items |= self._is_empty(schema["items"], ())
            self.visit(schema["items"], path)
        elif schema["type"] == "map":
            self.visit(schema["values"], path)
        elif schema["type"] in self._named and schema.get("name") != schema["type"]:
            self.visit(schema["type"], path)

    def _is_empty(self, schema: Any, path: tuple[str, ...]) -> bool:
        """Tell whether a value of a schema may take no bytes."""
        if isinstance(schema, str):
            if schema in path:
                return False
            return schema == "null" or (schema in self._named and self._is_empty(self._named[schema], (*path, schema)))
        # A union has the number of its branch.
        if isinstance(schema, list):
            return False
        kind = schema["type"]
        if kind in ("record", "error"):
            return all(self._is_empty(inner["type"], (*path, schema["name"])) for inner in schema["fields"])
        if kind == "fixed":
            return not schema["size"]
        return kind not in ("enum", "array", "map") and self._is_empty(kind, path)


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
