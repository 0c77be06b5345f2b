"""Reads records whose schema is in a registry: their values, and their keys.

    value                                   becomes
    --------------------------------------  --------------------------------------------------------------
    an Avro or Protobuf record, framed      the document that the same fields in JSON would be
    a string, framed                        that text
    JSON, framed or not                     the document in it, as with --format json
    anything else without a frame           BadInput (Unframed)

A key in a frame, of any kind, is what it would be without its schema: a string as it is, a record as JSON.
"""

from __future__ import annotations

import json
from typing import Any

from streaming.errors import BadInput, RegistryError
from streaming.json_document import UNDECODED, FieldPlaces, document_in
from streaming.json_values import text_of
from streaming.messages import Document, DocumentReference
from streaming.registry.access import RegistryAccess
from streaming.registry.frame import unframed

_AS_JSON = "value: a JSON string"


def registered_value(raw: bytes, format: str, access: RegistryAccess, places: FieldPlaces) -> Any:
    """Return a value as its schema has it, JSON as its bytes.

    Raises `BadInput` (SchemaUnknown, SchemaMismatch, Framed, Unframed), `RegistryError` and `RegistryAway`.
    """
    frame = unframed(raw)
    if frame is None:
        if raw.lstrip()[:1] == b"{":
            return raw
        raise BadInput(
            f"no frame of a schema registry is around it, and it is no JSON object; --format {format} reads records "
            "that a serializer of a schema registry wrote",
            type="Unframed",
        )
    # It imports HTTP, Avro and Protobuf, which most queries do not need.
    from streaming.registry.reading import schema_reader

    return schema_reader(access).read(frame, format, _defaulted(places))


def registered_document(value: Any, places: FieldPlaces) -> tuple[Document | DocumentReference, list[str]]:
    """Return the document in a value that its schema has read, and what was mended in it; raises `BadInput`."""
    if not isinstance(value, dict | str | list):
        raise BadInput("its schema is one of a number, not of a record or a string", type="NoText")
    document, mended = document_in(value, places)
    if f"text: {UNDECODED}" in mended:
        raise BadInput(f"its text has {UNDECODED}", type="NotUtf8")
    return document, [fault for fault in mended if fault != _AS_JSON or not isinstance(value, str)]


def plain_key(key: bytes | None, access: RegistryAccess) -> bytes | None:
    """Return what a framed key holds; a key without a frame, or whose bytes only look like one, as it is.

    Raises `RegistryError` and `RegistryAway`.
    """
    try:
        frame = None if key is None else unframed(key)
        if frame is None:
            return key
        from streaming.registry.reading import schema_reader

        value = schema_reader(access).read(frame, None)
    except BadInput:
        return key
    if isinstance(value, bytes):
        return value
    text = text_of(value)
    return key if text is None else text.encode(errors="surrogateescape")


def readable_value(raw: bytes | None, access: RegistryAccess | None) -> bytes | None:
    """Return a framed value as JSON, for a person who looks at it; what cannot be read, or not now, as it is."""
    if raw is None or access is None:
        return raw
    try:
        frame = unframed(raw)
        if frame is None:
            return raw
        from streaming.registry.reading import schema_reader

        value = schema_reader(access).read(frame, None)
    except (BadInput, RegistryError):
        return raw
    return value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _defaulted(places: FieldPlaces) -> tuple[str, ...]:
    """Return the paths where a default is a value: not the id, by which a thousand documents would be one."""
    metadata = tuple(path for name, path in places.field.items() if "." in name)
    return (places.path("text"), *metadata, *places.keep)
