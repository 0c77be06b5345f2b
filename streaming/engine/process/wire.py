"""Frames: how the engine's processes talk. A frame is the length of its JSON, as four bytes, big-endian, and the JSON.

    worker -> server    {"hello": secret}                    comes first; without it nothing is answered
                        {"id": 7, "do": "generate", "messages": [["user", "..."]], "sampling": {...}, "max_tokens": 96,
                         "seconds": 3600.0, "grammar": null, "keep": true}
                        {"id": 8, "do": "count", "messages": [...]}
                        {"id": 9, "do": "report"}
                        {"id": 7, "do": "cancel"}
                        {"do": "end"}, {"id": 9, "do": "yield"}      the latter ends a server that nobody else uses
    server -> worker    {"loading": 0.4}, {"ready": {"context": 2048, "slots": 4}}, {"failed": "..."}
                        {"id": 7, "done": {...}}, {"id": 7, "error": {...}}

Server and child say the same to each other, and the child also {"status": {...}} about every second,
{"id": 7, "native": true} when native code begins to work on a request and false when it has let go of it, and
{"id": 7, "cancelled": true}.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

from streaming import errors
from streaming.errors import DocumentError, DocumentFailed, EngineError
from streaming.protocol import GenerationRequest, Message, Sampling

Frame = dict[str, Any]

_LENGTH_BYTES = 4
# A prompt is a chunk of some thousand characters, a text to be counted a few times that; this is far above both.
LARGEST = 64 * 1024 * 1024


class BadFrame(Exception):
    """What came is no frame of this protocol."""


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    body = json.dumps(frame, separators=(",", ":")).encode()
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def read(reader: asyncio.StreamReader, *, largest: int = LARGEST) -> Frame | None:
    """Return the next frame; None when the other side has gone. Raises `BadFrame`."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
        if length > largest:
            raise BadFrame(f"a frame of {length} bytes")
        frame = json.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except ValueError as error:
        raise BadFrame("no JSON") from error
    if not isinstance(frame, dict):
        raise BadFrame("no object")
    return frame


def read_blocking(pipe: BinaryIO) -> Frame | None:
    """Return the next frame of a pipe; None when the other side, which is one's own, has gone."""
    length = pipe.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    body = pipe.read(int.from_bytes(length, "big"))
    frame: Frame = json.loads(body)
    return frame


def pack_messages(messages: Sequence[Message]) -> list[list[str]]:
    """Return messages as a frame has them."""
    return [[message.role, message.content] for message in messages]


def unpack_messages(packed: list[list[Any]]) -> list[Message]:
    """Return the messages of a frame."""
    return [Message(role, content) for role, content in packed]


def pack_request(request: GenerationRequest) -> Frame:
    """Return a request as a frame has it; without its deadline, a moment that another process's clock does not have."""
    return {
        "messages": pack_messages(request.messages),
        "sampling": asdict(request.sampling),
        "max_tokens": request.max_tokens,
        "grammar": request.grammar,
        "keep": request.keep,
    }


def unpack_request(packed: Frame) -> GenerationRequest:
    """Return the request of a frame."""
    return GenerationRequest(
        tuple(unpack_messages(packed["messages"])),
        sampling=Sampling(**packed["sampling"]),
        max_tokens=packed["max_tokens"],
        grammar=packed["grammar"],
        # A worker that is older than this process sends no such field.
        keep=packed.get("keep", False),
    )


def pack_error(error: Exception) -> Frame:
    """Return an error as a frame has it; one that is not gistream's keeps its name only: its words may hold text."""
    if isinstance(error, DocumentError | EngineError):
        return {"class": type(error).__name__, "type": getattr(error, "type", None), "message": str(error)}
    kind = type(error).__name__
    return {"class": "DocumentFailed", "type": "Unexpected", "message": f"an unexpected {kind} in the engine"}


def unpack_error(packed: Frame) -> DocumentError | EngineError:
    """Return the error of a frame; one of a class that is not known here is a `DocumentFailed`."""
    if packed["class"] == EngineError.__name__:
        return EngineError(packed["message"])
    known = getattr(errors, packed["class"], DocumentFailed)
    kind: type[DocumentError] = known if issubclass(known, DocumentError) else DocumentFailed
    return kind(packed["message"], type=packed["type"])


def pack(values: Any) -> Frame:
    """Return a dataclass of the protocol as a frame has it."""
    return asdict(values)
