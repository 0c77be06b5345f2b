"""The journal of a long command: its findings so far, so that an interrupted command resumes.

A line of JSON for each finding, in the data dir, until the command is complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from io import FileIO
from pathlib import Path
from typing import Any

from streaming.errors import MachineError

# The whole package, not this room: any of its code may change the findings.
_PACKAGE = Path(__file__).parents[1]


class Journal:
    """The findings of one command with one set of arguments."""

    def __init__(self, folder: Path, *names: str) -> None:
        """Choose the file by `names`, on which the findings depend: a file, a recipe, a version."""
        self._path = folder / f"{sha256('/'.join(names).encode()).hexdigest()[:16]}.jsonl"

    def lines(self) -> list[Any]:
        """Return the findings, oldest first; raises `MachineError`."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise MachineError(f"{self._path} cannot be read: {error}; delete it to begin again.") from error
        return list(_parsed(lines))

    @contextmanager
    def open(self) -> Iterator[FileIO]:
        """Open the journal for `write`; raises `MachineError`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer, which would fail a second time when it is closed on a full disk.
            file = FileIO(self._path, "a")
        except OSError as error:
            raise MachineError(f"The data dir cannot be used: {error}; choose another with --data-dir.") from error
        with file:
            yield file

    def remove(self) -> None:
        """Delete all findings."""
        self._path.unlink(missing_ok=True)


def write(journal: FileIO, line: Mapping[str, Any]) -> None:
    """Add a finding, which survives a kill. Raises `MachineError` when the disk is full."""
    # It begins a new line, because the last line may have been cut off.
    data = f"\n{json.dumps(line)}".encode()
    try:
        complete = journal.write(data) == len(data)
    except OSError as error:
        raise MachineError(f"The journal of this command cannot be written: {error}; free some disk.") from error
    if not complete:
        raise MachineError("The journal of this command cannot be written: the disk is full; free some.")


def this_code(*more: Path) -> str:
    """Return a hash of this llama.cpp, this gistream and the code in `more` folders: other code has other findings."""
    digest = sha256(version("llama-cpp-python").encode())
    for folder in (_PACKAGE, *more):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".toml"):
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _parsed(lines: list[str]) -> Iterator[Any]:
    for line in lines:
        # A kill may have cut the last line off; its finding is made again.
        try:
            yield json.loads(line)
        except ValueError:
            continue
