"""Keeps an idle child for the next file: to start one takes half a second, with the libraries that it imports."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from pathlib import Path

from producers.formats.child.process import ReaderProcess
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal

_lock = threading.Lock()
_idle: list[ReaderProcess] = []


def read_in_child(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the parts of a file, which a child process reads; raises `BadInput` or `OSError`.

    Files that are read at the same time have a child each; one is kept. A caller that stops in mid-file kills it.
    """
    with _lock:
        child = _idle.pop() if _idle else None
    if child is not None and not child.is_alive():
        child.close()
        child = None
    child = child or ReaderProcess()
    try:
        yield from child.read(path, options)
    finally:
        with _lock:
            keep = child.ready and not _idle
            if keep:
                _idle.append(child)
        if not keep:
            child.close()


@atexit.register
def end_idle_child() -> None:
    """End the child that is kept, if there is one; the next file starts another."""
    with _lock:
        children = _idle.copy()
        _idle.clear()
    for child in children:
        child.close()
