"""The ends of partitions, asked again and again by somebody who must not wait long, such as a monitoring system."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Collection

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streaming.access import client_options
from streaming.settings import Settings

# A broker on the same network answers in milliseconds, and Prometheus waits for 10 s.
_ANSWER_MS = 3000
# After a failure nobody waits again for this long.
_PAUSE_SECONDS = 20.0


class EndOffsets:
    """Reads the ends of partitions; it may be called from any thread, and connects with the first question."""

    def __init__(self, settings: Settings) -> None:
        self._options = {
            **client_options(settings),
            "bootstrap_servers": settings.servers.split(","),
            "bootstrap_timeout_ms": _ANSWER_MS,
            "enable_auto_commit": False,
            # As the query reads: an open transaction is not there yet.
            "isolation_level": "read_committed",
        }
        self._lock = threading.Lock()
        self._consumer: KafkaConsumer | None = None
        self._paused_until = 0.0

    def read(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return the offset behind the last record of each partition; empty while Kafka does not answer."""
        with self._lock:
            if not partitions or time.monotonic() < self._paused_until:
                return {}
            try:
                self._consumer = self._consumer or KafkaConsumer(**self._options)
                ends = self._consumer.end_offsets([TopicPartition(*name) for name in partitions], timeout_ms=_ANSWER_MS)
            # kafka-python 2 has a KeyError for a partition of a topic that has just been created again.
            except (KafkaError, KeyError):
                # The run itself says that Kafka is away.
                self._paused_until = time.monotonic() + _PAUSE_SECONDS
                return {}
        return {(partition.topic, partition.partition): end for partition, end in ends.items()}

    def close(self) -> None:
        """Close the connection, if there is one; from now on nothing is read."""
        with self._lock:
            self._paused_until = math.inf
            if self._consumer is not None:
                self._consumer.close(autocommit=False, timeout_ms=_ANSWER_MS)
                self._consumer = None
