"""Confluent's frame around a value: a zero byte, the schema's id in four bytes, the payload."""

from __future__ import annotations

from dataclasses import dataclass

from streaming.encoding.frames import find_frame
from streaming.errors import BadInput

_HEAD = 5


@dataclass(frozen=True)
class FramedPayload:
    """The id of a value's schema, and the value as its serializer wrote it."""

    schema_id: int
    payload: bytes


def unframed(raw: bytes) -> FramedPayload | None:
    """Return what is in a frame; None when there is none. Raises `BadInput` (Framed) for a frame of another kind."""
    if raw[:1] == b"\0" and len(raw) >= _HEAD and (schema_id := int.from_bytes(raw[1:_HEAD], "big")):
        return FramedPayload(schema_id, raw[_HEAD:])
    if frame := find_frame(raw):
        kind = "in eight bytes" if raw[:1] == b"\0" else ""
        raise BadInput(
            f"framed by {frame.registry} (schema id {frame.schema_id}{f', {kind}' if kind else ''}): gistream reads "
            "Confluent's frame, whose id has four bytes; have the producer write that",
            type="Framed",
        )
    return None
