"""What becomes of the records that are read: rows of a feed, and counts of those that are no repeats.

New records come as they arrive, older ones in blocks; both are merged by time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from consumers.live.letters import Letter
from consumers.live.results import Result

T = TypeVar("T", Result, Letter)


class Rows(Protocol[T]):
    """A feed: it takes what arrives, and what is older, and returns what it had not seen before."""

    @property
    def room(self) -> int:
        """How many older rows would be kept."""

    def append(self, results: Iterable[T]) -> list[T]:
        """Add results that have just arrived."""

    def prepend(self, results: Sequence[T]) -> list[T]:
        """Add results that are older than all rows, the oldest first."""

    def note(self, results: Iterable[T]) -> list[T]:
        """Take note of results that get no row."""

    def forget_topic(self) -> None:
        """Drop all rows."""

    def forget_known(self) -> None:
        """Forget which results were read."""


class Intake(Generic[T]):
    """Takes the records of one topic; every method may be called from any thread."""

    def __init__(self, read: Callable[[Any], T | None], rows: Rows[T], on_results: Callable[[list[T]], None]) -> None:
        """Read records by `read`, which returns None for a foreign one; `on_results` gets those that are no repeats."""
        self._read: Callable[[Any], T | None] = read
        self.rows: Rows[T] = rows
        self._on_results: Callable[[list[T]], None] = on_results
        self.foreign = 0

    def read(self, records: Iterable[Any]) -> list[T]:
        """Return what the records are, without foreign ones."""
        results = [(record, self._read(record)) for record in records]
        self.foreign += sum(result is None for _, result in results)
        return [result for _, result in results if result is not None]

    def take_new(self, records: Iterable[Any]) -> None:
        """Take records that have just arrived."""
        self._on_results(self.rows.append(_by_time(self.read(records))))

    def take_older(self, results: list[T]) -> None:
        """Take results, all of which are older than those that were taken."""
        self._on_results(self.rows.prepend(_by_time(results)))

    def count(self, records: Iterable[Any]) -> None:
        """Take records that are too old for a row."""
        self._on_results(self.rows.note(self.read(records)))


def _by_time(results: list[T]) -> list[T]:
    """Sort results by time; those of a partition stay in its order when their times agree."""
    return sorted(results, key=lambda result: (result.arrived, result.partition, result.offset))
