"""Reads the value in a frame with the schema that the registry has of it; one reader of a schema in each process.

    frame                                          becomes
    ---------------------------------------------  -----------------------------------------------------
    an Avro or a Protobuf payload that fits        its value, as JSON would have it
    a JSON payload                                 its text: JSON Schema is for writers, and is not checked
    an id that the registry does not know          `SchemaUnknown`
    a payload that does not fit its schema         `SchemaMismatch`, also one of another kind than the format
    a frame of another registry                    `Framed`

Raises `RegistryError` and `RegistryAway` when the registry cannot be asked: no record is at fault for that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from streaming.errors import BadInput
from streaming.registry.access import SCHEMA_TYPES, RegistryAccess
from streaming.registry.avro import AvroReader
from streaming.registry.client import Reference, RegisteredSchema, RegistryClient
from streaming.registry.frame import FramedPayload
from streaming.registry.proto_text import compiled
from streaming.registry.protobuf import ProtobufReader, decoded

# A topic has a few schemas, one for each version of each kind of record; a reader takes about 50 kB.
_MOST_READERS = 500
# Schemas that a schema refers to, at any depth.
_MOST_REFERENCES = 200
# A registry with copies may learn of a schema a moment after the first record with it is there.
_USELESS_SECONDS = 10.0
_MOST_USELESS = 10_000


class SchemaReader:
    """Reads framed values with the schemas of one registry."""

    def __init__(self, access: RegistryAccess) -> None:
        self._client = RegistryClient(access)
        self._readers: dict[int, _Reader] = {}
        # Schemas that the registry has not, or that cannot be used, and when it was found out: a thousand records of
        # one are one question, and one run of protoc.
        self._useless: dict[int, tuple[float, BadInput]] = {}

    def read(self, frame: FramedPayload, format: str | None, paths: Sequence[str] = ()) -> Any:
        """Return the value in a frame; JSON as its bytes. `paths` lead to fields whose defaults are wanted.

        With a `format` the schema must be of its kind; a key may be of any.

        Raises `BadInput`, `RegistryError` and `RegistryAway`.
        """
        try:
            reader = self._reader(frame.schema_id)
            kind = SCHEMA_TYPES.get(format or "", reader.type)
            if reader.type != kind:
                raise BadInput(f"its schema is {reader.type}, and --format says {format}", type="SchemaMismatch")
            if isinstance(reader.payloads, AvroReader):
                return reader.payloads.read(frame.payload)
            if isinstance(reader.payloads, ProtobufReader):
                return reader.payloads.read(frame.payload, paths)
            return frame.payload
        except BadInput as error:
            if error.type == "SchemaMismatch":
                raise BadInput(f"schema id {frame.schema_id}: {error}", type=error.type) from None
            raise

    def _reader(self, schema_id: int) -> _Reader:
        if schema_id in self._readers:
            return self._readers[schema_id]
        if schema_id in self._useless:
            found, useless = self._useless[schema_id]
            if time.monotonic() - found < _USELESS_SECONDS:
                raise BadInput(str(useless), type=useless.type)
        try:
            reader = self._made(schema_id)
        except BadInput as error:
            if len(self._useless) >= _MOST_USELESS:
                self._useless.clear()
            self._useless[schema_id] = time.monotonic(), error
            raise
        if len(self._readers) >= _MOST_READERS:
            self._readers.clear()
        self._readers[schema_id] = reader
        return reader

    def _made(self, schema_id: int) -> _Reader:
        schema = self._client.by_id(schema_id)
        if schema.type == "AVRO":
            return _Reader(schema.type, AvroReader(schema.text, tuple(text for _, text in self._references(schema))))
        if schema.type != "PROTOBUF":
            return _Reader(schema.type)
        serialized = self._client.by_id(schema_id, serialized=True)
        descriptor = decoded(serialized.text)
        if descriptor is not None:
            pairs = self._references(serialized, serialized=True)
            imports = [(name, decoded(text) or b"") for name, text in pairs]
            return _Reader(schema.type, ProtobufReader(descriptor, imports))
        descriptor, imports = compiled(schema.text, dict(self._references(schema)))
        return _Reader(schema.type, ProtobufReader(descriptor, imports))

    def _references(self, schema: RegisteredSchema, *, serialized: bool = False) -> list[tuple[str, str]]:
        """Return the schemas that a schema refers to by name, each once, behind those that it refers to itself."""
        seen: set[str] = set()

        def visit(references: Sequence[Reference]) -> Iterator[tuple[str, str]]:
            for reference in references:
                if reference.name in seen:
                    continue
                seen.add(reference.name)
                if len(seen) > _MOST_REFERENCES:
                    raise BadInput(f"its schema refers to more than {_MOST_REFERENCES} others", type="SchemaMismatch")
                inner = self._client.by_reference(reference, serialized=serialized)
                yield from visit(inner.references)
                yield reference.name, inner.text

        return list(visit(schema.references))


@dataclass(frozen=True)
class _Reader:
    """What reads the payloads of a schema of a `type`; None: they are JSON, which needs none."""

    type: str
    payloads: AvroReader | ProtobufReader | None = None


@lru_cache(maxsize=4)
def schema_reader(access: RegistryAccess) -> SchemaReader:
    """Return this process's reader for a registry."""
    return SchemaReader(access)
