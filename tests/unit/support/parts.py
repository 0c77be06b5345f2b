"""The parts that the reader of a file's format makes of it."""

from __future__ import annotations

from pathlib import Path

from producers.formats.in_process import read_here
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from producers.formats.split import Split


def parts(path: Path, split: str = "auto", *, keep: tuple[str, ...] = (), **field: str) -> list[Part | PartRefusal]:
    options = ReadOptions(Split.parse(split), field, keep)
    return list(read_here(path, options))


def only(path: Path, split: str = "auto") -> Part:
    (part,) = parts(path, split)
    assert isinstance(part, Part)
    return part


def texts(path: Path, split: str = "auto") -> list[tuple[str, str | None, str]]:
    """Return name, title and text of each part."""
    found = parts(path, split)
    return [(part.name, part.title, part.text) for part in found if isinstance(part, Part)]
