"""What the parent and the child say to each other, over two pipes.

A frame is its length in four bytes, and a msgpack object. The parent decodes what a child sends as one of the classes
below and as nothing else, because a file may have taken over the child.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import msgspec

from producers.formats.part import Part, PartRefusal

LENGTH_BYTES = 4


class Request(msgspec.Struct, frozen=True):
    """The file to read; `seconds` is the time that it has."""

    path: bytes
    split: str
    field: dict[str, str]
    keep: tuple[str, ...]
    seconds: float


class PartFrame(msgspec.Struct, frozen=True, tag_field="frame", tag="part"):
    """A part of the file."""

    part: Part


class PartRefusalFrame(msgspec.Struct, frozen=True, tag_field="frame", tag="refused"):
    """A part that is no document."""

    refusal: PartRefusal


class Problem(msgspec.Struct, frozen=True, tag_field="frame", tag="problem"):
    """The file cannot be read, or not to its end: a `BadInput`, or an `OSError` where `type` is None."""

    type: str | None
    message: str


class End(msgspec.Struct, frozen=True, tag_field="frame", tag="end"):
    """Nothing more comes of this file; `last` says that this child reads no other one. Also sent after the start."""

    last: bool


Answer: TypeAlias = PartFrame | PartRefusalFrame | Problem | End

_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_requests = msgspec.msgpack.Decoder(Request)


def encode(frame: Request | Answer) -> bytes:
    """Return a frame as bytes, its length first."""
    payload = msgspec.msgpack.encode(frame)
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def decode_request(payload: bytes) -> Request:
    """Read the request of a parent."""
    return _requests.decode(payload)


def decode_answer(payload: bytes) -> Answer:
    """Read the answer of a child; raises `msgspec.MsgspecError` for anything else."""
    return _answers.decode(payload)


def as_frame(part: Part | PartRefusal) -> PartFrame | PartRefusalFrame:
    """Return the frame of a part; halves of characters, which no encoding has, become question marks."""
    if isinstance(part, PartRefusal):
        return PartRefusalFrame(PartRefusal(_whole(part.name), _whole(part.reason)))
    return PartFrame(
        replace(
            part,
            text=_whole(part.text),
            title=_whole_or_none(part.title),
            name=_whole(part.name),
            id=_whole_or_none(part.id),
            language=_whole_or_none(part.language),
            prompt=_whole_or_none(part.prompt),
            metadata={_whole(name): _whole(value) for name, value in part.metadata.items()},
        )
    )


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode(errors="replace").decode()


def _whole_or_none(text: str | None) -> str | None:
    return None if text is None else _whole(text)
