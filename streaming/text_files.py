"""Reads the text files that a user writes for gistream: settings, prompt profiles, the texts of an evaluation, ratings.

They are UTF-8, with or without a byte order mark; Windows editors write one. Documents are read elsewhere: they may be
in other encodings.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from streaming.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


def read_text(path: Path) -> str:
    """Return the text of a file, with plain line ends and without byte order marks.

    Raises `UsageError`, which names the file, and the line that is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    return decode_text(raw, path)


def decode_text(raw: bytes, path: Path) -> str:
    """Return the text of a file from its bytes, as `read_text` does."""
    if is_wide(raw):
        raise UsageError(f"{path} is no UTF-8 text; it may be UTF-16. Save it as UTF-8.")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path} is not UTF-8 in line {line}; save it as UTF-8.") from error
    # Files that were put one after the other have their marks in the middle.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.lstrip(_BYTE_ORDER_MARK) for line in lines)


def is_wide(raw: bytes) -> bool:
    """Tell whether bytes that should be UTF-8 may be UTF-16 or UTF-32, with or without their byte order mark.

    In these encodings every ASCII character has a NUL byte, which TOML and JSON do not allow.
    """
    return raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Return the values of a TOML text; raises `UsageError` that names `where`, the line and the problem."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is no TOML: {error}.") from error
