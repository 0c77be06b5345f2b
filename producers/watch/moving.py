"""Moves files out of the watched folder, to where those are that are done or that failed.

Guarantee: no file is overwritten, whatever has the same name there, and at no time is a half file under a final name.
A process that is killed in between leaves the file in both places; the next move of the same file then ends it.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path, PurePosixPath

# A file system that has no hard links, or none to another one.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS})
REASON = ".reason.txt"


def move(path: Path, folder: Path, name: str) -> Path:
    """Move the file `path` to `name` below `folder`, or to a name beside it that is free; returns where it is now.

    Raises `OSError`; the file is then still at its place.
    """
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    for place in _places(target):
        if _is_free(place, path) and _take(path, place):
            path.unlink()
            return place
    raise AssertionError("there is no last number")


def write_reason(path: Path, reason: str) -> None:
    """Write beside a moved file, in one line, why it failed."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(" ".join(reason.split()) + "\n", encoding="utf-8", errors="replace")
    new.replace(path.with_name(path.name + REASON))


def _places(target: Path) -> Iterator[Path]:
    """Yield the file's own name, then letter-1.txt, letter-2.txt, ..."""
    yield target
    stem, suffix = target.stem, PurePosixPath(target.name).suffix
    for number in count(1):
        yield target.with_name(f"{stem}-{number}{suffix}")


def _is_free(place: Path, path: Path) -> bool:
    # A reason belongs to the file that it is named after.
    return not os.path.lexists(place.with_name(place.name + REASON)) and (
        not os.path.lexists(place) or place.samefile(path)
    )


def _take(path: Path, place: Path) -> bool:
    """Put the file to a free place, too; returns False when the place was taken in the meantime."""
    if os.path.lexists(place):
        # What a killed process had moved half.
        return place.samefile(path)
    try:
        os.link(path, place, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        return _copy(path, place)
    return True


def _copy(path: Path, place: Path) -> bool:
    part = place.with_name(f".{place.name[:200]}.{os.getpid()}.part")
    try:
        shutil.copy2(path, part, follow_symlinks=False)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        try:
            # Takes the name, so that no other file has it; the rename replaces this empty one.
            place.touch(exist_ok=False)
        except FileExistsError:
            return False
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    return True
