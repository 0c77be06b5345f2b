"""The summaries that an evaluation has made so far, as its journal keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from io import FileIO
from typing import Any

from pydantic import ValidationError

from streaming.messages import Summary
from streaming.terminal.journal import Journal, write


@dataclass(frozen=True)
class Entry:
    """A summary; `seconds` passed since the one before it, or since the evaluation was begun or resumed."""

    summary: Summary
    seconds: float


def entries(journal: Journal) -> dict[str, Entry]:
    """Return what was made of one system's texts, by the SHA-256 of the document; raises `MachineError`."""
    made = [entry for line in journal.lines() if (entry := _entry(line)) is not None]
    return {one.summary.document_sha256: one for one in made}


def keep(journal: FileIO, entry: Entry) -> None:
    """Add an entry to an open journal; raises `MachineError` when there is no room for it."""
    write(journal, {"seconds": entry.seconds, "summary": entry.summary.model_dump(mode="json", by_alias=True)})


def _entry(line: Any) -> Entry | None:
    try:
        return Entry(Summary.model_validate(line["summary"]), float(line["seconds"]))
    except (ValueError, KeyError, TypeError, ValidationError):
        return None
