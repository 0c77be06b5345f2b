"""A topic as the broker has it, and the topics that an installation needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streaming.settings import Settings

# Kafka's defaults of segment.ms and max.compaction.lag.ms.
WEEK_MS, NEVER_MS = 7 * 86_400_000, 2**63 - 1


@dataclass(frozen=True)
class Extent:
    """What there is of a topic: its `id`, and the first offset of each partition and the one after its last."""

    id: str
    bounds: Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class Topic:
    """A topic as the broker has it.

    `bounds` are the first offset of each partition, and the one after its last. `offsets` is how many they are, so the
    most records that it may have: the records of an aborted transaction, its end, and what compaction took away have an
    offset, too. `bytes` is None where this user may not see it. `max_message_bytes` is its limit for one record batch,
    compressed; `rights` are the operations that this user may do, in Kafka's words (READ, WRITE, ...). `retention_ms`
    (-1: for ever) counts from a segment's newest record, and a segment takes records for `segment_ms`.
    `max_compaction_lag_ms` is the longest time before a record is compacted.
    """

    name: str
    id: str
    partitions: int
    bounds: Mapping[int, tuple[int, int]]
    offsets: int
    bytes: int | None
    max_message_bytes: int
    retention_ms: int
    cleanup_policy: str
    rights: list[str]
    segment_ms: int = WEEK_MS
    max_compaction_lag_ms: int = NEVER_MS

    def gone_by(self, timestamp: int) -> int | None:
        """Return the latest time (ms since 1970) at which Kafka deletes a record of `timestamp`; None without one.

        With compaction it is a record that a tombstone deletes, and Kafka's log cleaner has to find the time.
        """
        times = []
        if "delete" in self.cleanup_policy and self.retention_ms >= 0:
            times.append(timestamp + self.segment_ms + self.retention_ms)
        if "compact" in self.cleanup_policy and self.max_compaction_lag_ms < NEVER_MS:
            times.append(timestamp + self.max_compaction_lag_ms)
        return min(times, default=None)

    @property
    def extent(self) -> Extent:
        """The topic's id and bounds."""
        return Extent(self.id, self.bounds)


def required_topics(settings: Settings) -> dict[str, int]:
    """Return the topics of an installation, each with the largest record that it must take, in bytes."""
    # Key, headers and Kafka's own bytes come on top of the largest document.
    inputs = dict.fromkeys(settings.input_topics, settings.max_document_bytes + 64 * 1024)
    return inputs | dict.fromkeys(result_topics(settings), settings.max_result_bytes)


def result_topics(settings: Settings) -> tuple[str, ...]:
    """Return the topics of the results; empty when results go to files alone."""
    return (settings.output_topic, settings.dead_letter_topic) if settings.to_kafka else ()
