"""Spark's scratch files: a folder for each driver process, and the folders of those that were killed are removed.

<data dir>/spark/<process id>-<its start, in seconds since 1970>/
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def scratch_folder(place: Path) -> Iterator[Path]:
    """Make this process's folder in `place`, for as long as the context lasts; raises `OSError`.

    Spark removes its own files when it ends in order. A JVM that was killed leaves them.
    """
    place.mkdir(parents=True, exist_ok=True)
    sweep_scratch(place)
    own = place / _name(psutil.Process())
    # A process has one JVM, whose first session made the folder.
    is_first = not own.exists()
    own.mkdir(exist_ok=True)
    try:
        yield own
    finally:
        if is_first:
            shutil.rmtree(own, ignore_errors=True)


def sweep_scratch(place: Path) -> None:
    """Remove the folders of killed processes in `place`, if it is there."""
    for folder in place.iterdir() if place.is_dir() else ():
        if not _is_used(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _name(process: psutil.Process) -> str:
    return f"{process.pid}-{process.create_time():.0f}"


def _is_used(name: str) -> bool:
    """Tell whether the process of a folder lives; another one may have got its number meanwhile."""
    number = name.partition("-")[0]
    try:
        return number.isdecimal() and _name(psutil.Process(int(number))) == name
    except psutil.NoSuchProcess:
        return False
