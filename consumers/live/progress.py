"""How far a query is with its input topics: what waits, and how it does, from offsets, results and its heartbeat.

The backlog of a partition is what stands between the offsets that the query has committed and its end, less those
records of it whose results have been seen: results leave before their micro-batch is committed. Where nothing is
committed, or this user may not read the query's offsets, the highest source offset that was seen stands for them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from consumers.live.overview import PartitionBacklog, QueryHealth
from streaming.messages import SILENT_SECONDS, Heartbeat, health
from streaming.wording import counted, duration

# Topic and partition.
Partition = tuple[str, int]
# Offsets of results of a partition that are remembered: a hundred times a micro-batch. The lowest are forgotten first.
_REMEMBERED = 100_000


@dataclass
class _Seen:
    """The offsets of a partition whose results were seen: the highest, and those that may not be committed yet."""

    highest: int = -1
    offsets: set[int] = field(default_factory=set)


class SeenResults:
    """Remembers which records have results; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Partition, _Seen] = {}

    def add(self, positions: Iterable[tuple[str, int, int]]) -> None:
        """Remember records that have results: topic, partition and offset."""
        with self._lock:
            for topic, partition, offset in positions:
                seen = self._seen.setdefault((topic, partition), _Seen())
                seen.highest = max(seen.highest, offset)
                seen.offsets.add(offset)
                if len(seen.offsets) > 2 * _REMEMBERED:
                    seen.offsets = set(sorted(seen.offsets)[-_REMEMBERED:])

    def forget(self, topic: str) -> None:
        """Forget an input topic that was created again."""
        with self._lock:
            self._seen = {name: seen for name, seen in self._seen.items() if name[0] != topic}

    def backlog(
        self, bounds: Mapping[Partition, tuple[int, int]], committed: Mapping[Partition, int]
    ) -> list[PartitionBacklog]:
        """Return what waits in each partition, whose first offset and the one after its last are in `bounds`."""
        with self._lock:
            return [
                PartitionBacklog(*name, end, self._waiting(name, start, end, committed.get(name)))
                for name, (start, end) in sorted(bounds.items())
            ]

    def _waiting(self, name: Partition, start: int, end: int, committed: int | None) -> int:
        seen = self._seen.get(name, _Seen())
        if committed is None:
            return max(0, end - max(start, seen.highest + 1))
        # A result below is counted by the commit.
        seen.offsets = {offset for offset in seen.offsets if offset >= committed}
        first = max(start, committed)
        return max(0, end - first - sum(first <= offset < end for offset in seen.offsets))


def query_health(
    beat: Heartbeat | None, *, waiting: int | None, known: bool, quiet: float, stuck_after: float, now: float
) -> QueryHealth:
    """Return how a query does.

    Without a heartbeat, of an older query or one whose offsets cannot be read, results and backlog must do: `known`
    says whether there are any, and `quiet` for how many seconds documents have waited without a result.
    """
    if beat is not None:
        state = health(beat, now)
        return QueryHealth(
            state.state,
            state.sentence,
            beat.doing,
            beat.done,
            beat.total,
            beat.batch,
            beat.batch_seconds,
            beat.restarts,
        )
    if waiting is None:
        return QueryHealth("unknown", "nothing is known of the query yet")
    if not known:
        return QueryHealth("not running", "no query has reported")
    if not waiting:
        return QueryHealth("healthy", "idle: every record has its result; the query sends no heartbeat")
    if quiet > stuck_after:
        return QueryHealth("stuck", f"no progress for {duration(quiet)}: {counted(waiting, 'document')} waiting")
    return QueryHealth("healthy", f"working: {counted(waiting, 'document')} waiting; the query sends no heartbeat")


def time_of_judgement(
    now: float, *, sent_at: float | None, away: bool, looked_at: float | None, back_at: float
) -> float:
    """Return the time at which a query is judged by its last heartbeat, which was sent at `sent_at`.

    While the broker is away it is that of the last look, `looked_at`: nothing newer can be said. And a query that could
    send nothing meanwhile has, since the broker is back, as long as any other before it is taken for dead.
    """
    if away:
        return looked_at or now
    if sent_at is not None and sent_at < back_at and now - back_at < SILENT_SECONDS:
        return min(now, sent_at)
    return now
