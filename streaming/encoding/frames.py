"""Frames that serializers of a schema registry put around a record's value, by what is before the payload.

    registry              bytes before the payload
    --------------------  ---------------------------------------------
    Confluent, Apicurio   0, schema id (4 bytes, from 1)
    Apicurio, long ids    0, schema id (8 bytes, from 1)
    AWS Glue              3, compression (0: none, 5: zlib), schema version's UUID (16 bytes)

An id of four bytes may be a text's beginning, too; see `find_frame`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from streaming.encoding.formats import read_varint

# Ids are given one after the other, from 1, or from 100,000 in Confluent Cloud. A NUL ahead of a text looks like a
# frame with an id of at least this: its next byte that is not 0 is a letter or a blank.
_HIGHEST_ID = 0x200000


@dataclass(frozen=True)
class Frame:
    """A frame: whose it is, the id of the schema, and the payload."""

    registry: str
    schema_id: str
    payload: bytes


def find_frame(raw: bytes) -> Frame | None:
    """Return the frame of `raw`; None when it has none."""
    if raw[:1] == b"\0":
        for length in (4, 8):
            schema_id = int.from_bytes(raw[1 : 1 + length], "big")
            payload = raw[1 + length :]
            if payload and (0 < schema_id < _HIGHEST_ID or (schema_id and payload.lstrip().startswith(b"{"))):
                return Frame("a schema registry", str(schema_id), payload)
            if schema_id:
                return None
    if raw[:2] in (b"\x03\x00", b"\x03\x05") and len(raw) > 18:
        schema = uuid.UUID(bytes=raw[2:18])
        # Random, as the registry makes them.
        if schema.variant == uuid.RFC_4122 and schema.version == 4:
            return Frame("AWS Glue's schema registry", str(schema), raw[18:])
    return None


def framed_text(frame: Frame) -> str | None:
    """Return the text that is all of a frame's payload: JSON, a string of Avro, or plain; None when it is no text.

    A frame of eight bytes may be a number in binary, whose last three bytes are text in 1 of 20 cases.
    """
    payload = frame.payload
    zigzag, end = read_varint(payload, 0)
    is_avro = zigzag == 2 * (len(payload) - end) > 0
    string = payload[end:] if is_avro else payload
    is_certain = is_avro or len(payload) != 3 or payload.startswith((b"{", b'"'))
    try:
        text = string.decode()
    except UnicodeDecodeError:
        return None
    return text if is_certain and text.isprintable() else None
