"""Reads one file as its parts: plain text in this process, every other format in a child process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from producers.formats.child.pool import read_in_child
from producers.formats.in_process import kind_of, read_here
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal


def read_parts(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the parts of a file; raises `BadInput` or `OSError`."""
    with _regular_file(path) as file:
        read = read_in_child if kind_of(file).in_child else read_here
        yield from read(file, options)


@contextmanager
def _regular_file(path: Path) -> Iterator[Path]:
    """Give `path` itself, or a copy of what comes from a pipe, such as standard input, which is read once."""
    if path.is_file():
        yield path
        return
    with path.open("rb") as pipe, tempfile.NamedTemporaryFile(prefix="gistream-") as copy:
        shutil.copyfileobj(pipe, copy)
        copy.flush()
        yield Path(copy.name)
