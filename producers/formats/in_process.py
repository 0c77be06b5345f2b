"""Reads one file in this process: that of a child for all formats, and any process for plain text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from producers.formats.kinds import HEAD_BYTES, Kind, find_kind
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from producers.formats.split import WHOLE, split_at_lines


def kind_of(path: Path) -> Kind:
    """Return the kind of a file; raises `OSError`."""
    with path.open("rb") as file:
        return find_kind(path.name, file.read(HEAD_BYTES))


def read_here(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the parts of a file; raises `BadInput` or `OSError`."""
    reader = kind_of(path).load()
    if (heading := options.split.heading) is None:
        yield from reader(path, options)
    else:
        yield from split_at_lines(reader(path, replace(options, split=WHOLE)), heading)
