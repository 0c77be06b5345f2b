"""Reads what was on a topic before: first the newest rows, then the rest of the last hour, for the numbers.

Item: a block of records, merged by time over all partitions; each block is older than the one before. The first block
has as many offsets as a feed has room for, found by time, so that a topic of many partitions is not read ten times
over. Of a compacted topic, or one with transactions, more blocks follow until the feed is full. Then the rest of the
hour is counted, five minutes at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from consumers.live.clients import end_offsets, first_offsets
from consumers.live.hour import HOUR_SECONDS
from consumers.live.intake import Intake

# Records of one poll: it takes some 50 ms to read them, and a view that ends does not wait for longer.
POLL_RECORDS = 2000
_POLL_MS = 200
# Polls without a record, in a row, after which the ends are looked at again: five seconds.
_EMPTY_POLLS = 25
_BLOCK_SECONDS = 300
# Offsets of a block that looks for rows: a topic may have far fewer records than offsets.
_LEAST_OFFSETS = 2000
# Steps of the search for the time of a block, from a millisecond to decades: each halves the exponent's range.
_SEARCH_STEPS = 20
_YOUNGEST = 0.001

Offsets = dict[TopicPartition, int]


class Over(Exception):
    """Reading is over before all was read: the view ends, or the topic is another one now."""


class History:
    """The records of one topic below some offsets, read backwards in blocks."""

    def __init__(
        self, consumer: KafkaConsumer, ends: Mapping[TopicPartition, int], intake: Intake[Any], now: float
    ) -> None:
        """Read what is below `ends`; `now` is the time in seconds since 1970 from which the last hour counts."""
        self._consumer, self._intake, self._now = consumer, intake, now
        self._unread: Offsets = dict(ends)
        self._starts: Offsets = first_offsets(consumer, list(ends))
        self._hour = self._offsets_at(now - HOUR_SECONDS)
        self._total = self._left()

    @property
    def loading(self) -> tuple[int, int]:
        """How many offsets of the last hour have not been read, of how many."""
        return self._left(), self._total

    def read_rows(self, is_over: Callable[[], bool]) -> Iterator[None]:
        """Read until the feed is full; yields after each block. Raises `Over` when it `is_over` before that."""
        while (room := self._intake.rows.room) > 0 and any(self._unread[p] > self._starts[p] for p in self._unread):
            # Rows of a block are merged by time, so all of it must have been read.
            block: list[Any] = []
            starts = self._starts_of(max(room, _LEAST_OFFSETS))
            for records in self._records(starts, is_over):
                block += self._intake.read(records)
            self._intake.take_older(block)
            self._unread = starts
            yield

    def count_hour(self, is_over: Callable[[], bool]) -> Iterator[None]:
        """Count the rest of the last hour; yields after each part. Raises `Over` when it `is_over` before that."""
        for age in range(_BLOCK_SECONDS, HOUR_SECONDS + 1, _BLOCK_SECONDS):
            starts = self._offsets_at(self._now - age)
            for records in self._records(starts, is_over):
                self._intake.count(records)
                yield
            self._unread = starts

    def _left(self) -> int:
        return sum(max(0, self._unread[p] - self._hour[p]) for p in self._unread)

    def _offsets_at(self, time: float) -> Offsets:
        """Return the offsets of the first unread records at a time or later, else where the unread ones end."""
        found = self._consumer.offsets_for_times(dict.fromkeys(self._unread, max(0, int(time * 1000))))
        return {
            p: max(self._starts[p], min(end, found[p].offset)) if found.get(p) else end
            for p, end in self._unread.items()
        }

    def _starts_of(self, offsets: int) -> Offsets:
        """Return the beginning of a block of about so many offsets, of all partitions from the same time on."""
        if sum(self._unread[p] - self._starts[p] for p in self._unread) <= offsets:
            return dict(self._starts)
        younger, older, starts = _YOUNGEST, self._now, dict(self._starts)
        for _ in range(_SEARCH_STEPS):
            age = math.sqrt(younger * older)
            found = self._offsets_at(self._now - age)
            size = sum(self._unread[p] - found[p] for p in found)
            if size < offsets:
                younger = age
            else:
                older, starts = age, found
            if offsets <= size <= 1.2 * offsets:
                break
        return self._cut(starts, 2 * offsets)

    def _cut(self, starts: Offsets, most: int) -> Offsets:
        """Return `starts` with at most so many offsets behind them: many records may have the same time."""
        size = sum(self._unread[p] - starts[p] for p in starts)
        if size <= most:
            return starts
        return {p: end - (end - starts[p]) * most // size for p, end in self._unread.items()}

    def _records(self, starts: Offsets, is_over: Callable[[], bool]) -> Iterator[list[Any]]:
        """Yield the records from `starts` to those that have been read."""
        ends = {p: end for p, end in self._unread.items() if starts[p] < end}
        self._consumer.assign(list(ends))
        for partition in ends:
            self._consumer.seek(partition, starts[partition])
        empty_polls = 0
        while any(self._consumer.position(partition) < end for partition, end in ends.items()):
            if is_over():
                raise Over
            batches = self._consumer.poll(timeout_ms=_POLL_MS)
            empty_polls = 0 if batches else empty_polls + 1
            if empty_polls >= _EMPTY_POLLS:
                # A log that lost its end, in an election among replicas, never reaches it.
                ends = {p: min(ends[p], end) for p, end in end_offsets(self._consumer, list(ends)).items()}
                empty_polls = 0
            for partition, batch in batches.items():
                yield [record for record in batch if record.offset < ends[partition]]
