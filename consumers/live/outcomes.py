"""What became of documents after a dead letter: a redriven record keeps its position, and so has its result.

Bound: the newest 100,000 summaries and documents that failed.
"""

from __future__ import annotations

from collections.abc import Iterable

from consumers.live.repeats import REMEMBERED
from consumers.live.rows import Outcome, Position


class Outcomes:
    """Remembers what came of which record, in whatever order results are read; it has no lock."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        # By the hash of the record's position.
        self._summarized: dict[int, None] = {}
        self._attempts: dict[int, int] = {}

    def note_summaries(self, sources: Iterable[Position]) -> None:
        """Note that the records at some positions have summaries."""
        for source in sources:
            self._summarized[hash(source)] = None
            _shorten(self._summarized, self._limit)

    def note_letter(self, source: Position, attempts: int) -> None:
        """Note that the record at a position failed, for the how manieth time."""
        name = hash(source)
        self._attempts[name] = max(attempts, self._attempts.get(name, 0))
        _shorten(self._attempts, self._limit)

    def outcome(self, source: Position, attempts: int) -> Outcome:
        """Return what became of a record after it failed for the how manieth time."""
        name = hash(source)
        if name in self._summarized:
            return "summarized"
        return "failed again" if self._attempts.get(name, 0) > attempts else ""


def _shorten(known: dict[int, None] | dict[int, int], limit: int) -> None:
    if len(known) > limit:
        del known[next(iter(known))]
