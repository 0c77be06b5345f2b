"""Reads one record by its place, for somebody who opens it; a connection of its own, which one asks at a time."""

from __future__ import annotations

import threading
import time
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from consumers.live.clients import connect_consumer, end_offsets
from streaming.errors import TopicError, no_answer
from streaming.settings import MIB, Settings

_POLL_MS = 200
# The longest that somebody who opens a record waits.
_ANSWER_SECONDS = 10.0


class Lookup:
    """Reads single records; every method may be called from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._consumer: KafkaConsumer | None = None

    def record(self, topic: str, partition: int, offset: int) -> Any:
        """Return a record of kafka-python.

        Raises `TopicError` when the topic does not have it any more, and `BrokerAway`.
        """
        # Those who wait behind one that gets no answer would get none either, each after all before it.
        if not self._lock.acquire(timeout=_ANSWER_SECONDS):
            raise no_answer(self._settings.servers)
        try:
            try:
                if self._consumer is None:
                    self._consumer = self._connected()
                return self._read(self._consumer, TopicPartition(topic, partition), offset)
            except KafkaError as error:
                self._close()
                if isinstance(error, OffsetOutOfRangeError):
                    raise _gone(topic, partition, offset) from error
                raise no_answer(self._settings.servers) from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection; idempotent."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._consumer is not None:
            self._consumer.close(autocommit=False)
        self._consumer = None

    def _connected(self) -> KafkaConsumer:
        # One record at a time; a result or a document may be larger than Kafka's default for a fetch.
        largest = max(self._settings.max_document_bytes, self._settings.max_result_bytes) + MIB
        return connect_consumer(
            self._settings, auto_offset_reset="none", max_poll_records=1, max_partition_fetch_bytes=largest
        )

    def _read(self, consumer: KafkaConsumer, partition: TopicPartition, offset: int) -> Any:
        numbers = consumer.partitions_for_topic(partition.topic)
        if not numbers or partition.partition not in numbers:
            raise TopicError(f"Topic '{partition.topic}' has no partition {partition.partition} any more.")
        consumer.assign([partition])
        consumer.seek(partition, offset)
        end = end_offsets(consumer, [partition])[partition]
        deadline = time.monotonic() + _ANSWER_SECONDS
        while consumer.position(partition) < end:
            for record in (record for batch in consumer.poll(timeout_ms=_POLL_MS).values() for record in batch):
                if record.offset == offset:
                    return record
                # Compaction took it away: the next record comes in its place.
                raise _gone(partition.topic, partition.partition, offset)
            if time.monotonic() > deadline:
                raise no_answer(self._settings.servers)
        raise _gone(partition.topic, partition.partition, offset)


def _gone(topic: str, partition: int, offset: int) -> TopicError:
    return TopicError(
        f"The record at offset {offset} of {topic}-{partition} is gone: retention, compaction or a deletion took it."
    )
