"""What is in a folder that other processes change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path, *, leave_out: str | None = None) -> Iterator[Path]:
    """Yield the files below a folder, but not those in folders of the name `leave_out`.

    A folder that goes during the walk is passed over, where `Path.rglob` ends with `FileNotFoundError`; a file may have
    gone when it is opened.
    """
    for root, subfolders, names in os.walk(folder):
        if leave_out in subfolders:
            subfolders.remove(leave_out)
        yield from (Path(root, name) for name in names)
