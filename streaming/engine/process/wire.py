"""Frames, the messages between the engine's processes: the length of a JSON text, as four bytes, big-endian; the text.

    worker -> server    {"hello": secret}                    comes first; without it there is no answer
                        {"id": 7, "do": "generate", "messages": [["user", "..."]], "sampling": {...}, "max_tokens": 96,
                         "seconds": 3600.0, "grammar": null, "keep": true}
                        {"id": 8, "do": "count", "messages": [...]}
                        {"id": 9, "do": "report"}
                        {"id": 7, "do": "cancel"}
                        {"do": "end"}, {"id": 9, "do": "yield"}      "yield" ends the server only if it has no requests
    server -> worker    {"loading": 0.4}, {"ready": {"context": 2048, "slots": 4}}, {"failed": "..."}
                        {"id": 7, "done": {...}}, {"id": 7, "error": {...}}

Server and child send the same frames to each other. The child also sends {"status": {...}} about every second,
{"id": 7, "native": true} when native code begins to work on a request, {"id": 7, "native": false} when native code has
released the request, and {"id": 7, "cancelled": true}.
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
# Far above a prompt, a chunk of some thousand characters, and above a text to be counted, a few times that.
MAX_FRAME_BYTES = 64 * 1024 * 1024


class BadFrame(Exception):
    """The other side has sent something that is no frame of this protocol."""


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    body = json.dumps(frame, separators=(",", ":")).encode()
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def read_frame(reader: asyncio.StreamReader, *, max_bytes: int = MAX_FRAME_BYTES) -> Frame | None:
    """Return the next frame; None when the other side has gone. Raises `BadFrame`."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
        if length > max_bytes:
            raise BadFrame(f"a frame of {length} bytes")
        frame = json.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except ValueError as error:
        raise BadFrame("no JSON") from error
    if not isinstance(frame, dict):
        raise BadFrame("no object")
    return frame


def read_frame_blocking(pipe: BinaryIO) -> Frame | None:
    """Return the next frame of a pipe from a trusted process; None when that process has gone."""
    length = pipe.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    body = pipe.read(int.from_bytes(length, "big"))
    frame: Frame = json.loads(body)
    return frame


def pack_messages(messages: Sequence[Message]) -> list[list[str]]:
    """Return messages as values of a frame."""
    return [[message.role, message.content] for message in messages]


def unpack_messages(packed: list[list[Any]]) -> list[Message]:
    """Return the messages of a frame."""
    return [Message(role, content) for role, content in packed]


def pack_request(request: GenerationRequest) -> Frame:
    """Return a request as values of a frame, without its deadline, which is a moment of this process's clock."""
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
    """Return an error as values of a frame; a foreign error loses its message, which may contain a document's text."""
    if isinstance(error, DocumentError | EngineError):
        return {"class": type(error).__name__, "type": getattr(error, "type", None), "message": str(error)}
    kind = type(error).__name__
    return {"class": "DocumentFailed", "type": "Unexpected", "message": f"an unexpected {kind} in the engine"}


def unpack_error(packed: Frame) -> DocumentError | EngineError:
    """Return the error of a frame; an error of an unknown class becomes a `DocumentFailed`."""
    if packed["class"] == EngineError.__name__:
        return EngineError(packed["message"])
    candidate = getattr(errors, packed["class"], DocumentFailed)
    error_class: type[DocumentError] = candidate if issubclass(candidate, DocumentError) else DocumentFailed
    return error_class(packed["message"], type=packed["type"])


def pack(values: Any) -> Frame:
    """Return a dataclass of the protocol as values of a frame."""
    return asdict(values)
