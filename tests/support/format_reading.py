"""Reads files as `gistream produce files` does, and gives their documents as plain values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from producers.files import read_file
from producers.formats.options import ReadOptions
from producers.formats.split import Split
from producers.records import Refusal


def documents_of(path: Path, content: bytes | str | None = None, *, split: str = "auto") -> list[dict[str, Any]]:
    """Write `content` to `path`, unless it is there, and return its documents; fails for one that is refused."""
    records = read_written(path, content, split=split)
    assert not [record for record in records if isinstance(record, Refusal)], records
    return [record for record in records if not isinstance(record, Refusal)]


def text_of(path: Path, content: bytes | str | None = None, *, split: str = "auto") -> str:
    """Return the text of the one document of a file."""
    (document,) = documents_of(path, content, split=split)
    return str(document["text"])


def refusal_of(path: Path, content: bytes | str | None = None, *, split: str = "auto") -> str:
    """Return why a file is refused; fails when something is read of it."""
    (refusal,) = read_written(path, content, split=split)
    assert isinstance(refusal, Refusal), refusal
    return refusal.reason


def read_written(
    path: Path, content: bytes | str | None = None, *, split: str = "auto"
) -> list[dict[str, Any] | Refusal]:
    """Write `content` to `path`, unless it is there, and return its documents and refusals."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    records = read_file(path, path.name, ReadOptions(Split.parse(split)))
    return [record if isinstance(record, Refusal) else json.loads(record.value) for record in records]
