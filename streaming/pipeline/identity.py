"""The id of a document, and of the document that a record without a value deletes: one rule for both.

    --id-from  a document goes by                      a record without a value deletes
    ---------  --------------------------------------  -------------------------------------------
    auto       its id field, else its key, else SHA-256  the document that its key names
    field      its id field                            the document that its key names
    key        its key                                 the document of its key
    sha256     the SHA-256 of its text                 nothing: a dead letter
    offset     its position in Kafka                   nothing: a dead letter

A document by reference goes by the SHA-256 that its record has, that of the file's bytes: for a file in UTF-8 it is the
text's. So its id is known wherever its record is, and without its file.

A key is read in one way for both: a key in JSON names what its id field holds, or its only string; text is itself;
what a schema registry's frame has around it counts for nothing; bytes that are no text go by their hexadecimal digits.
What a value names is one rule for keys and id fields, too (`json_values.name_of`).
"""

from __future__ import annotations

import codecs
import hashlib
from typing import Literal

from streaming.encoding.frames import find_frame, framed_text
from streaming.encoding.reading import decode_json, decode_text
from streaming.errors import BadInput
from streaming.json_values import lookup, name_of, parse_json, unwrapped, whole_name, without_byte_order_mark
from streaming.messages import Document, DocumentReference, Source

IdRule = Literal["auto", "field", "key", "sha256", "offset"]
_JSON_BLANKS = " \t\r\n"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def document_id(
    document: Document | DocumentReference, key: bytes | None, source: Source, rule: IdRule, id_path: str
) -> str:
    """Return the id of a document; raises `BadInput` (NoId) when it lacks what the rule names it by."""
    if rule in ("auto", "field") and document.id:
        return document.id
    if rule in ("auto", "key") and key:
        return key_id(key, rule, id_path)
    if rule in ("field", "key"):
        place = f"no '{id_path}'" if rule == "field" else "no key"
        raise BadInput(f"the record has {place}, and --id-from {rule} names documents by it", type="NoId")
    if rule == "offset":
        return f"{source.topic}-{source.partition}-{source.offset}"
    if isinstance(document, DocumentReference):
        return document.sha256
    return hashlib.sha256(document.text.encode()).hexdigest()


def deleted_id(key: bytes | None, rule: IdRule, id_path: str) -> str:
    """Return the id of the document that a record without a value deletes; raises `BadInput` (NoKey, NoId)."""
    if rule in ("sha256", "offset"):
        name = "their text's SHA-256" if rule == "sha256" else "their offset"
        raise BadInput(
            f"a record without a value deletes nothing here: documents go by {name} (--id-from {rule}), and its key "
            "names none of them",
            type="NoId",
        )
    if not key:
        raise BadInput("a record without a value and without a key names no summary to delete", type="NoKey")
    return key_id(key, rule, id_path)


def key_id(key: bytes, rule: IdRule, id_path: str) -> str:
    """Return the id that a record's key names; `id_path` is the place of the id field in JSON."""
    text = _text_of_key(key)
    if rule == "key":
        # The key itself is the id, also where it is JSON.
        return key.hex() if text is None else whole_name(text)
    # JSON may have line ends.
    in_json = _named_in_json(decode_json(key) or "" if text is None else text, id_path)
    name = in_json or (name_of(text) or text if text is not None else key.hex())
    return whole_name(name)


def _text_of_key(key: bytes) -> str | None:
    if frame := find_frame(key):
        return framed_text(frame)
    try:
        # A key of control characters is a number in binary, unless it is marked as UTF-16.
        text = key.decode() if min(key) >= ord(" ") else decode_text(key)
    except (UnicodeDecodeError, BadInput):
        return decode_json(key)
    return without_byte_order_mark(text) if min(key) >= ord(" ") or key.startswith(_UTF16_MARKS) else None


def _named_in_json(text: str, id_path: str) -> str | None:
    text = without_byte_order_mark(text).strip(_JSON_BLANKS)
    if text[:1] not in ("{", '"'):
        return None
    try:
        value, _ = parse_json(text)
    except ValueError:
        return None
    value = unwrapped(value, id_path)
    return name_of(lookup(value, id_path) if isinstance(value, dict) else value)
