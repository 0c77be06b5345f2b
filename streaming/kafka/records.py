"""Reads records of the input topics outside of Spark: a few for a person to look at, or those that Spark cannot read.

Item: one record. Guarantee: each committed record of the ranges that it is asked for, once, in the order of its
partition. It commits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    KafkaError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from streaming.access import absent_topic, checked_options, missing_right, topics_as_text
from streaming.errors import BrokerAway, BrokerError, TopicError, no_answer, reason
from streaming.kafka.unanswered import UNANSWERED
from streaming.messages import Record, Source
from streaming.settings import MIB, Settings

_POLL_MS = 500
# Polls without a record before the end of a range, in a row: half a minute.
_MAX_EMPTY_POLLS = 60
# How long the client waits before it asks about topics a second time, which each of these readers does: with its
# default of 100 ms a read of a few records takes 0.24 s, and with 20 ms 0.15 s.
_RETRY_BACKOFF_MS = 20

# The offsets of a partition: the first, and the one after the last.
Ranges = Mapping[tuple[str, int], tuple[int, int]]


def first_records(settings: Settings, topic: str, number: int) -> list[Record]:
    """Return the first `number` records of a topic, or as many as it has.

    Raises `TopicError` when the topic does not exist, and `BrokerError`.
    """
    with _connected(settings) as consumer:
        return list(map(to_record, islice(_records(consumer, _ranges(settings, consumer, topic, None, None)), number)))


def topic_ranges(settings: Settings, topics: Iterable[str], start: int | None, end: int | None) -> Ranges:
    """Return the offsets of topics between two times (ms since 1970), None for their beginning and their end now.

    Raises `TopicError` when a topic does not exist, and `BrokerError`.
    """
    with _connected(settings) as consumer:
        return {
            name: offsets
            for topic in topics
            for name, offsets in _ranges(settings, consumer, topic, start, end).items()
        }


def read_ranges(settings: Settings, ranges: Ranges) -> Iterator[Record]:
    """Yield the records of ranges of offsets; raises `BrokerError`, and `TopicError` when some of them are gone."""
    for record in read_raw(settings, ranges):
        yield to_record(record)


def read_raw(settings: Settings, ranges: Ranges, *, check_sums: bool = True) -> Iterator[Any]:
    """Yield the records of ranges of offsets as the client has them: topic, partition, offset, key, value, headers.

    For those who read a million. Without `check_sums` a byte that changed on the broker's disk is not noticed; the
    client computes the sums in Python, which takes 0.1 ms for each kilobyte (measurements.md, verify). Raises as
    `read_ranges` does.
    """
    with _connected(settings, check_crcs=check_sums) as consumer:
        yield from _records(consumer, ranges)


def _ranges(
    settings: Settings, consumer: KafkaConsumer, topic: str, start: int | None, end: int | None
) -> dict[tuple[str, int], tuple[int, int]]:
    numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        raise absent_topic(settings, topic)
    partitions = [TopicPartition(topic, n) for n in sorted(numbers)]
    first, last = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    starts = first if start is None else _at(consumer, partitions, start, last)
    ends = last if end is None else _at(consumer, partitions, end, last)
    return {(topic, p.partition): (starts[p], ends[p]) for p in partitions}


def _at(
    consumer: KafkaConsumer, partitions: list[TopicPartition], time: int, last: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Return the offsets of the first records at a time (ms since 1970) or later; the ends where there is none."""
    found = consumer.offsets_for_times(dict.fromkeys(partitions, time))
    return {partition: found[partition].offset if found.get(partition) else last[partition] for partition in partitions}


@contextmanager
def _connected(settings: Settings, *, check_crcs: bool = True) -> Iterator[KafkaConsumer]:
    """Connect for as long as the context lasts; raises the service's errors for the client's."""
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=settings.servers.split(","),
            **{
                "client_id": "gistream-records",
                "enable_auto_commit": False,
                # A misspelt name must not become a topic.
                "allow_auto_create_topics": False,
                # As Spark reads them (`spark.source`).
                "isolation_level": "read_committed",
                # By default an offset that retention deleted would lead to the end of the topic, in silence.
                "auto_offset_reset": "none",
                "max_partition_fetch_bytes": settings.max_document_bytes + MIB,
                "retry_backoff_ms": _RETRY_BACKOFF_MS,
                "bootstrap_timeout_ms": 10_000,
                "check_crcs": check_crcs,
                **checked_options(settings),
            },
        )
        with closing(consumer):
            yield consumer
    except UNANSWERED as error:
        raise no_answer(settings.servers) from error
    except OffsetOutOfRangeError as error:
        raise TopicError(
            "Records that were to be read are gone from the topic: retention deleted them, or the topic was truncated; "
            "give the topic a longer retention."
        ) from error
    except TopicAuthorizationFailedError as error:
        raise missing_right(settings, "Read", topics_as_text(sorted(error.args[0]))) from error
    except KafkaError as error:
        raise BrokerError(f"Kafka's records on {settings.servers} cannot be read: {reason(error)}.") from error


def _records(consumer: KafkaConsumer, ranges: Ranges) -> Iterator[Any]:
    ends = {TopicPartition(*name): end for name, (start, end) in ranges.items() if start < end}
    consumer.assign(list(ends))
    for partition in ends:
        consumer.seek(partition, ranges[partition.topic, partition.partition][0])
    empty_polls = 0
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        batches = consumer.poll(timeout_ms=_POLL_MS)
        empty_polls = 0 if batches else empty_polls + 1
        if empty_polls > _MAX_EMPTY_POLLS:
            raise BrokerAway("Kafka stopped answering before all records were read; start again.")
        for partition, records in batches.items():
            for record in records:
                if record.offset < ends[partition]:
                    yield record


def to_record(record: Any) -> Record:
    """Return a record of the client as a message."""
    source = Source(
        topic=record.topic, partition=record.partition, offset=record.offset, timestamp=record.timestamp
    )  # fmt: skip
    return Record(record.key, record.value, list(record.headers), source)
