"""What leaves a query: a record of the output topic or of the dead-letter topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streaming.messages.dead_letters import DeadLetter
from streaming.messages.records import Header, Source, read_source
from streaming.messages.summaries import Summary


@dataclass(frozen=True)
class Deletion:
    """A tombstone on the output topic: the record at `source` deleted the summary of `id`.

    `met` is False when there was no summary of it, None when the reader cannot know.
    """

    id: str
    source: Source
    met: bool | None = None


OutputMessage = Summary | DeadLetter | Deletion


def read_result(
    key: bytes | None, value: bytes | None, headers: Sequence[Header], *, dead_letter: bool
) -> OutputMessage | None:
    """Read a record of the output topic or of the dead-letter topic; None for a foreign record."""
    try:
        if dead_letter:
            return DeadLetter.from_record(key, value, headers)
        if value is None:
            source = read_source(headers)
            return Deletion((key or b"").decode(errors="replace"), source) if source is not None else None
        summary = Summary.model_validate_json(value)
    except ValueError:
        return None
    # On a topic every result of gistream has its position; a summary without one is foreign.
    return summary if summary.source is not None else None
