"""The id that a record's document goes by, also where it has no summary, and the file that it refers to."""

from __future__ import annotations

from streaming.errors import DocumentError
from streaming.messages import Document, DocumentReference, Record
from streaming.pipeline.decode import RecordFormat, Tombstone, decode, key_of
from streaming.pipeline.desk import contained
from streaming.pipeline.identity import document_id, key_id


def id_of(record: Record, record_format: RecordFormat) -> str | None:
    """Return the id of a record's document, or of the document that it deletes; None when nothing names it.

    A record that cannot be read goes by what its key names, as a deletion with this key does.
    """
    try:
        with contained():
            return decode(record, record_format).id
    except DocumentError:
        rule, id_path = record_format.id_from, record_format.places.path("id")
    if rule == "offset":
        return document_id(Document(text=""), record.key, record.source, rule, id_path)
    key = key_of(record, record_format)
    return key_id(key, rule, id_path) if key and rule != "sha256" else None


def uri_of(record: Record, record_format: RecordFormat) -> str | None:
    """Return the URI of the file that holds the text of a record's document; None when the record has the text."""
    try:
        with contained():
            decoded = decode(record, record_format)
    except DocumentError:
        return None
    document = None if isinstance(decoded, Tombstone) else decoded.document
    return document.uri if isinstance(document, DocumentReference) else None
