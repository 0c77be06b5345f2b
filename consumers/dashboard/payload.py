r"""The payload and the headers of a dead letter as text that can be looked at.

    value                            kind             text
    -------------------------------  ---------------  -------------------------------------------
    null                             "none"           ""
    UTF-8                            "text"           itself
    text with a few bytes that       "damaged text"   these bytes as \xff
    are not UTF-8
    anything else                    "bytes"          a table of offsets, hexadecimal and letters

It is cut at 64 KiB. Control characters are shown by the answer (`consumers.unseen`), markup is text like all else.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streaming.messages import Header

MOST_BYTES = 64 * 1024
# A line of a table of bytes is five times as long as its 16 bytes.
_MOST_TABLE_BYTES = MOST_BYTES // 5
# One byte in twenty: more is no text with a few wrong bytes.
_MOST_DAMAGE = 0.05
_MOST_HEADERS, _MOST_HEADER_BYTES = 100, 1024


@dataclass(frozen=True)
class Payload:
    """The text of a payload; `truncated` tells whether the payload goes on."""

    kind: str
    text: str
    truncated: bool


def payload_of(value: bytes | None) -> Payload:
    """Return the beginning of a dead letter's value as text."""
    if value is None:
        return Payload("none", "", truncated=False)
    beginning = value[:MOST_BYTES]
    truncated = len(value) > len(beginning)
    try:
        # A character that the cut went through is left out.
        text = codecs.getincrementaldecoder("utf-8")().decode(beginning, final=not truncated)
        if "\0" not in text:
            return Payload("text", _line_ends(text), truncated)
    except UnicodeDecodeError:
        damage = sum("\udc80" <= character <= "\udcff" for character in beginning.decode(errors="surrogateescape"))
        if damage <= _MOST_DAMAGE * len(beginning) and b"\0" not in beginning:
            return Payload("damaged text", _line_ends(beginning.decode(errors="backslashreplace")), truncated)
    return Payload("bytes", "\n".join(_table(value[:_MOST_TABLE_BYTES])), len(value) > _MOST_TABLE_BYTES)


def headers_of(headers: Sequence[Header]) -> list[list[str]]:
    """Return names and values of headers as text, each value's beginning."""
    return [[name, _header_text(raw)] for name, raw in headers[:_MOST_HEADERS]]


def _header_text(raw: bytes | None) -> str:
    if raw is None:
        return "null"
    text = raw[:_MOST_HEADER_BYTES].decode(errors="backslashreplace")
    return f"{text} …" if len(raw) > _MOST_HEADER_BYTES else text


def _line_ends(text: str) -> str:
    return text.replace("\r\n", "\n")


def _table(value: bytes) -> Iterator[str]:
    for start in range(0, len(value), 16):
        row = value[start : start + 16]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{start:08x}  {row.hex(' '):<47}  {letters}"
