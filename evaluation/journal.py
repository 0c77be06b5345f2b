"""The summaries that an evaluation has made so far, so that one that was interrupted goes on where it was.

A line of JSON for each, in the data dir, until the evaluation is complete: then it begins anew the next time, because a
newer gistream may write other summaries.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path

from pydantic import ValidationError

from streaming.errors import MachineError
from streaming.messages import Summary


@dataclass(frozen=True)
class Entry:
    """A summary; `seconds` passed since the one before it, or since the evaluation was begun or resumed."""

    summary: Summary
    seconds: float


class Journal:
    """The entries of one system on one file of texts."""

    def __init__(self, folder: Path, *names: str) -> None:
        """`names` are what the entries depend on, besides a text: a file, a recipe, a version."""
        self._path = folder / f"{sha256('/'.join(names).encode()).hexdigest()[:16]}.jsonl"

    def entries(self) -> dict[str, Entry]:
        """Return what was made, by the SHA-256 of the document."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise MachineError(f"{self._path} cannot be read: {error}; delete it to begin anew.") from error
        return {one.summary.document_sha256: one for one in _entries(lines)}

    @contextmanager
    def open(self) -> Iterator[FileIO]:
        """Have the journal open for `write`; raises `MachineError`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer, which would fail once more when it is closed on a full disk.
            file = FileIO(self._path, "a")
        except OSError as error:
            raise MachineError(f"The data dir cannot be used: {error}; choose another with --data-dir.") from error
        with file:
            yield file

    def remove(self) -> None:
        """Forget everything."""
        self._path.unlink(missing_ok=True)


def write(journal: FileIO, entry: Entry) -> None:
    """Add an entry; it outlives a kill. Raises `MachineError` when there is no room for it."""
    line = {"seconds": entry.seconds, "summary": entry.summary.model_dump(mode="json", by_alias=True)}
    # A line of its own, also after one that was cut off.
    data = f"\n{json.dumps(line)}".encode()
    try:
        whole = journal.write(data) == len(data)
    except OSError as error:
        raise MachineError(f"The evaluation's journal cannot be written: {error}; free some disk.") from error
    if not whole:
        raise MachineError("The evaluation's journal cannot be written: the disk is full; free some.")


def _entries(lines: list[str]) -> Iterator[Entry]:
    for line in lines:
        # The last one may have been cut off by a kill; its summary is made again.
        try:
            found = json.loads(line)
            yield Entry(Summary.model_validate(found["summary"]), float(found["seconds"]))
        except (ValueError, KeyError, TypeError, ValidationError):
            continue
