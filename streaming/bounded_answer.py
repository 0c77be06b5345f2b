"""Reads the answer of an HTTP server that may send more than a service can hold, or never stop sending."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests import Response

_PIECE = 2**16


class AnswerTooLarge(Exception):
    """An answer has more bytes than it may."""


def read_answer(answer: Response, *, most: int, seconds: float) -> bytes:
    """Return the body of an answer that was asked for with `stream=True`, unpacked.

    Raises `AnswerTooLarge` for more than `most` bytes, `TimeoutError` when it takes more than `seconds`, and urllib3's
    `HTTPError` when the connection fails.
    """
    end, content = time.monotonic() + seconds, bytearray()
    while piece := answer.raw.read1(_PIECE, decode_content=True):
        content += piece
        if len(content) > most:
            raise AnswerTooLarge(f"more than {most:,} bytes")
        if time.monotonic() > end:
            raise TimeoutError(f"no end within {seconds:g} s")
    return bytes(content)
