"""Opens a text of any size in its own encoding, for the readers that go through it line by line.

The encoding is told as `streaming.encoding.reading` tells it: by a byte order mark, else UTF-8 when all of the file is,
else from the lines that are not ASCII.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from streaming.encoding.reading import decode_file
from streaming.errors import BadInput

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# A code page is told from so many bytes (`code_pages`), and what is binary from fewer.
_SAMPLE_BYTES = 65_536
_BLOCK_BYTES = 1024 * 1024
# Of one line: no topic takes a larger document.
MOST_CHARACTERS = 64 * 1024 * 1024


@dataclass(frozen=True)
class OpenText:
    """A text that is open, its line ends as they are, and the code page it is in; None: an encoding of Unicode."""

    file: TextIO
    code_page: str | None


@contextmanager
def open_text(path: Path) -> Iterator[OpenText]:
    """Open the text of a file for as long as the context lasts; raises `BadInput` with what it is when it is no text.

    Bytes that break the encoding further down become U+FFFD.
    """
    with path.open("rb") as raw:
        codec, code_page = _encoding(raw)
        raw.seek(0)
        with io.TextIOWrapper(raw, encoding=codec, errors="replace", newline="") as file:
            yield OpenText(file, code_page)


def bounded_lines(file: TextIO) -> Iterator[str | None]:
    """Yield the lines of a text; None for one of more than `MOST_CHARACTERS`, which is not held."""
    while line := file.readline(MOST_CHARACTERS + 1):
        if len(line) <= MOST_CHARACTERS:
            yield line
            continue
        while line and not line.endswith(("\n", "\r")):
            line = file.readline(MOST_CHARACTERS)
        yield None


def _encoding(raw: BinaryIO) -> tuple[str, str | None]:
    """Return Python's name of a file's encoding, and the name of its code page."""
    head = raw.read(_SAMPLE_BYTES)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec, None
    raw.seek(0)
    is_utf8 = _is_utf8(raw)
    raw.seek(0)
    if b"\0" in head:
        # Whole characters of UTF-32.
        sample = head[: len(head) // 4 * 4] or head
    else:
        sample = _whole_lines(head) if is_utf8 else _foreign_lines(raw)
    text = decode_file(sample)
    if text.codec is not None:
        return text.codec, text.code_page
    if b"\0" in sample:
        for codec in _UNMARKED:
            if sample.decode(codec, errors="replace") == text.text:
                return codec, None
    if not is_utf8:
        raise BadInput("a text whose encoding cannot be told: save it as UTF-8", type="NotUtf8")
    return "utf-8", None


def _is_utf8(raw: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := raw.read(_BLOCK_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _whole_lines(head: bytes) -> bytes:
    """Return the lines of the head of a file that are there to their ends; all of it when it is one line."""
    lines, end, _ = head.rpartition(b"\n")
    return lines + end or head.decode(errors="ignore").encode()


def _foreign_lines(raw: BinaryIO) -> bytes:
    """Return lines of a file that are not ASCII, up to the size of a sample; lines longer than one in pieces."""
    lines: list[bytes] = []
    size = 0
    while size < _SAMPLE_BYTES and (line := raw.readline(_SAMPLE_BYTES)):
        if not line.isascii():
            lines.append(line)
            size += len(line)
    return b"".join(lines)
