"""Decodes one Kafka record into a document, a tombstone, or the reason why it is neither.

    key    value (format)                      becomes
    -----  ----------------------------------  -----------------------------------------------
    "a"    {"text": "Once ..."}                Document(id="a", text="Once ...")
    "a"    {"text": "Once ...", "id": "b"}     Document(id="b", ...): the id field comes first
    none   Once upon a time ... (plain text)   Document(id=SHA-256 of the text, ...)
    "a"    null                                Tombstone("a"): the summary of that key is deleted
    any    {"text": 5}, {"text": "", no text    BadInput: a dead letter that says why

Pure functions over one record; no Spark, no model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError
from pydantic_core import from_json

from streaming.encoding.reading import decode_text, refuse_wrapped
from streaming.errors import BadInput
from streaming.messages import Document, Header, Source, lookup


@dataclass(frozen=True)
class Record:
    """A record of an input topic, as Kafka has it."""

    key: bytes | None
    value: bytes | None
    headers: list[Header]
    source: Source


@dataclass(frozen=True)
class Tombstone:
    """A record without a value: the summary of `key` is to be deleted."""

    key: bytes


@dataclass(frozen=True)
class RecordFormat:
    """How a record is read: its format, where a document's fields are, and where its id comes from."""

    format: Literal["auto", "json", "text"] = "auto"
    field: tuple[tuple[str, str], ...] = ()
    id_from: Literal["auto", "field", "key", "sha256", "offset"] = "auto"


def decode(record: Record, record_format: RecordFormat) -> Document | Tombstone:
    """Decode one record; a document's `id` is always set.

    Raises `BadInput`, whose `type` is the dead letter's `error.type`.
    """
    if record.value is None:
        if record.key is None:
            raise BadInput("a record without a value and without a key names no summary to delete", type="NoKey")
        return Tombstone(record.key)
    text = decode_text(record.value)
    is_json = record_format.format == "json" or (record_format.format == "auto" and text.lstrip()[:1] == "{")
    document = _from_json(text, dict(record_format.field)) if is_json else Document(text=text)
    if not document.text.strip():
        raise BadInput("the text is empty", type="EmptyText")
    refuse_wrapped(document.text)
    return document.model_copy(update={"id": _id(record, document, record_format.id_from)})


def _from_json(raw: str, field: Mapping[str, str]) -> Document:
    try:
        value = from_json(raw)
    except ValueError as error:
        # The parser's message has line and column, and none of the text.
        raise BadInput(f"the value is not JSON: {error}", type="InvalidJson") from error
    if not isinstance(value, dict):
        raise BadInput("the value is JSON, but no object", type="InvalidJson")
    fields = dict(value)
    for name, path in field.items():
        fields.pop(name, None)
        if (inner := lookup(value, path)) is not None:
            fields[name] = inner
    # Most serializers write an absent field as null.
    fields = {name: inner for name, inner in fields.items() if inner is not None}
    if "text" not in fields:
        raise BadInput(f"the JSON object has no '{field.get('text', 'text')}'", type="NoText")
    try:
        return Document.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors(include_input=False))
        raise BadInput(f"the document's fields have wrong types: {problems}", type="InvalidDocument") from error


def _id(record: Record, document: Document, rule: str) -> str:
    if rule in ("auto", "field") and document.id:
        return document.id
    if rule in ("auto", "key") and record.key:
        try:
            return record.key.decode()
        except UnicodeDecodeError as error:
            if rule == "key":
                raise BadInput("the record's key is not UTF-8, so it is no id", type="NoId") from error
    if rule in ("field", "key"):
        raise BadInput(f"the record has no id in its {rule}", type="NoId")
    if rule == "offset":
        return f"{record.source.topic}-{record.source.partition}-{record.source.offset}"
    return hashlib.sha256(document.text.encode()).hexdigest()
