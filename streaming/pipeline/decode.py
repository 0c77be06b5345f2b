"""Decodes one Kafka record into a document, a deletion, or the reason why it is neither.

    key    value (format)                      becomes
    -----  ----------------------------------  -----------------------------------------------
    "a"    {"text": "Once ..."}                Document(id="a", text="Once ...")
    "a"    {"text": "Once ...", "id": "b"}     Document(id="b", ...): the id field comes first
    none   Once upon a time ... (plain text)   Document(id=SHA-256 of the text, ...)
    "a"    null                                Tombstone("a"): the summary of that id is deleted
    "a"    {"uri": "...", "sha256": "..."}     DocumentReference(id="a", ...): its file is read later
    any    {"text": 5}, {"text": "", no text    BadInput: a dead letter that says why

How JSON is read: `json_document`. How the file of a reference is read: `referenced`. What a document and a deletion go
by: `identity`. Records whose schema is in a registry: `registered`, which asks the registry once for each schema. The
rest are pure functions over one record; no Spark, no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from streaming.encoding.frames import find_frame
from streaming.encoding.reading import decode_json, decode_text
from streaming.errors import BadInput
from streaming.json_document import (
    HALF_CHARACTER,
    JSON_STARTS,
    UNDECODED,
    FieldPlaces,
    document_in,
    is_document,
)
from streaming.json_values import TOO_DEEP, UNDECODED_BYTE, parse_json
from streaming.messages import Document, DocumentReference, Record
from streaming.pipeline.document_text import with_text_read
from streaming.pipeline.identity import IdRule, deleted_id, document_id, key_id
from streaming.pipeline.json_guard import guarded_value
from streaming.pipeline.registered import plain_key, registered_document, registered_value
from streaming.registry.access import SCHEMA_TYPES, RegistryAccess, registry_access
from streaming.settings import Settings


@dataclass(frozen=True)
class Tombstone:
    """A record without a value: the summary of the document `id` is to be deleted."""

    id: str


@dataclass(frozen=True)
class Decoded:
    """A document with its id, what was mended in its record, and whether a deletion with its key would delete it.

    A `document` by reference has no text yet: `referenced` reads it.
    """

    document: Document | DocumentReference
    mended: list[str]
    deletable: bool

    @property
    def id(self) -> str:
        """The document's id."""
        return self.document.id or ""


@dataclass(frozen=True)
class RecordFormat:
    """How a record is read: its format, where a document's fields are, where its id comes from, who has its schema."""

    format: Literal["auto", "json", "text", "avro", "json-schema", "protobuf"] = "auto"
    field: tuple[tuple[str, str], ...] = ()
    keep: tuple[str, ...] = ()
    id_from: IdRule = "auto"
    registry: RegistryAccess | None = None

    @property
    def places(self) -> FieldPlaces:
        """Where a document's fields are in JSON."""
        return FieldPlaces(dict(self.field), self.keep)

    @property
    def content(self) -> dict[str, Any]:
        """All that decides what is read, as JSON; without the login, because it goes into files beside a checkpoint."""
        content: dict[str, Any] = {
            "format": self.format,
            "field": [list(pair) for pair in self.field],
            "keep": list(self.keep),
            "id_from": self.id_from,
        }
        return content if self.registry is None else content | {"schema_registry": self.registry.url}


def record_format(settings: Settings) -> RecordFormat:
    """Return how the settings say that records are read."""
    return RecordFormat(
        settings.format, tuple(settings.field.items()), settings.keep, settings.id_from, registry_access(settings)
    )


def decode(record: Record, record_format: RecordFormat) -> Decoded | Tombstone:
    """Decode one record; a document's `id` is always set.

    Raises `BadInput`, whose `type` is the dead letter's `error.type`; `RegistryError` and `RegistryAway`.
    """
    rule, places = record_format.id_from, record_format.places
    id_path = places.path("id")
    key = key_of(record, record_format)
    if record.value is None:
        return Tombstone(deleted_id(key, rule, id_path))
    document, mended = _document_of(record.value, record_format, places)
    if isinstance(document, Document):
        document, more = with_text_read(document)
        mended += more
    document = document.model_copy(update={"id": document_id(document, key, record.source, rule, id_path)})
    deletable = not key or rule in ("sha256", "offset") or key_id(key, rule, id_path) == document.id
    return Decoded(document, mended, deletable)


def key_of(record: Record, record_format: RecordFormat) -> bytes | None:
    """Return a record's key, without the frame of a schema that the registry has; raises the registry's errors."""
    registry = record_format.registry
    return record.key if registry is None else plain_key(record.key, registry)


def _document_of(
    raw: bytes, record_format: RecordFormat, places: FieldPlaces
) -> tuple[Document | DocumentReference, list[str]]:
    """Return the document in a record's value, and what was mended in it."""
    if record_format.registry is None:
        try:
            return _from_bytes(raw, record_format.format, places)
        except BadInput as error:
            frame = find_frame(raw) if error.type == "Framed" else None
            if frame is None or raw[:1] != b"\0":
                raise
            raise BadInput(
                f"framed by {frame.registry} (schema id {frame.schema_id}): name its format and the registry, --format "
                f"{', '.join(SCHEMA_TYPES)} and --schema-registry URL",
                type="Framed",
            ) from None
    value = registered_value(raw, record_format.format, record_format.registry, places)
    return _from_bytes(value, "json", places) if isinstance(value, bytes) else registered_document(value, places)


def _from_bytes(raw: bytes, format: str, places: FieldPlaces) -> tuple[Document | DocumentReference, list[str]]:
    """Return the document in a record's value, and what was mended in it."""
    try:
        return _document(decode_text(raw), format, places)
    except BadInput as error:
        # In JSON whose bytes are not all UTF-8, the text may be.
        text = decode_json(raw) if error.type in ("NotUtf8", "Framed") and format != "text" else None
        if text is None:
            raise
        try:
            # Not a text that begins as JSON may: a frame's payload can begin with any byte.
            document, mended = _document(text, "json", places)
        except BadInput as inner:
            if inner.type == "InvalidJson":
                raise error from None
            raise
        text = document.text if isinstance(document, Document) else document.uri
        if UNDECODED_BYTE.search(text) or f"text: {UNDECODED}" in mended:
            raise
        return document, mended


def _document(text: str, format: str, places: FieldPlaces) -> tuple[Document | DocumentReference, list[str]]:
    """Return the document in a value's text, and what was mended in it."""
    guarded = None if format == "text" else guarded_value(text)
    if guarded is not None and is_document(guarded):
        document, mended = document_in(guarded, places)
        return document, ["value: characters around its JSON", *mended]
    first = text.lstrip()[:1]
    if format != "text" and text.strip() == "null":
        raise BadInput("the value is JSON's null; to delete a summary, send a record without a value", type="EmptyText")
    if format == "text" or (format == "auto" and first not in JSON_STARTS):
        return Document(text=text), []
    # A text, too, may begin with a quotation mark or a bracket.
    maybe_text = format == "auto" and first != "{"
    try:
        value, fault = parse_json(text)
    except ValueError as error:
        if maybe_text:
            return Document(text=text), []
        # The parser's message has line and column, and none of the text.
        raise BadInput(f"the value is not JSON: {error}", type="InvalidJson") from error
    if maybe_text and not is_document(value):
        return Document(text=text), []
    document, mended = document_in(value, places)
    # Half a character is one, and has been said.
    if fault == TOO_DEEP or (fault and not any(HALF_CHARACTER in it or UNDECODED in it for it in mended)):
        mended.insert(0, f"value: {fault}")
    return document, mended
