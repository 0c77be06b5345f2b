"""Reads the range of a replay, a micro-batch at a time: as many documents as the filter takes, however rare they are.

Spark's stream cannot end at an offset, counts gaps of a compacted topic as records, and fixes the size of its batches
at its start. So a replay reads its range itself and leaves the rest to Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streaming.kafka.records import Ranges, read_ranges
from streaming.messages import Record
from streaming.operations.replay.filter import ReplayFilter
from streaming.settings import MIB, Settings

# Spark ships the records of a batch inside its tasks, and refuses a task of 128 MiB (spark.rpc.message.maxSize).
_MOST_BYTES = 32 * MIB


@dataclass(frozen=True)
class ReadBatch:
    """The records of a micro-batch, those of each task in a list of their own; `positions` follow them.

    A position is the next offset of a range. `skipped` counts the records that the filter left out.
    """

    tasks: list[list[Record]]
    positions: list[int]
    skipped: int


def read_batches(
    settings: Settings,
    ranges: Ranges,
    positions: list[int],
    replay_filter: ReplayFilter,
    *,
    most: Callable[[], int],
    tasks: int,
    should_stop: Callable[[], bool],
) -> Iterator[ReadBatch]:
    """Yield the records from `positions` on, at most `most()` in a batch for `tasks` tasks.

    The last batch may be empty. Ends early, without the rest, when `should_stop`. Raises `BrokerError`, `TopicError`.
    """
    starts = {name: (start, end) for (name, (_, end)), start in zip(ranges.items(), positions, strict=True)}
    reached = {name: start for name, (start, _) in starts.items()}
    records: list[Record] = []
    size = skipped = 0
    for record in read_ranges(settings, starts):
        if should_stop():
            return
        reached[record.source.topic, record.source.partition] = record.source.offset + 1
        if not replay_filter.takes(record):
            skipped += 1
            continue
        records.append(record)
        size += len(record.value or b"")
        if len(records) >= most() or size >= _MOST_BYTES:
            yield ReadBatch(divided(records, tasks, replay_filter), list(reached.values()), skipped)
            records, size, skipped = [], 0, 0
    # Behind the last record there may be the end of a transaction.
    ends = [end for _, end in starts.values()]
    yield ReadBatch(divided(records, tasks, replay_filter), ends, skipped)


def divided(records: list[Record], tasks: int, replay_filter: ReplayFilter) -> list[list[Record]]:
    """Share records out evenly; those of one id stay together, because their results keep the order of offsets."""
    if tasks == 1:
        return [records] if records else []
    shares: list[list[Record]] = [[] for _ in range(tasks)]
    task_of: dict[str, int] = {}
    for number, record in enumerate(records):
        name = replay_filter.id_of(record) or f"record {number}"
        shares[task_of.setdefault(name, len(task_of) % tasks)].append(record)
    return [share for share in shares if share]
