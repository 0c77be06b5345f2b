"""Shows the query's progress to lag tools: after each micro-batch its offsets are committed to a consumer group.

For people and dashboards only. The query itself resumes from its checkpoint, so a failed commit loses nothing, and the
next one repairs it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from streaming.errors import no_answer, reason
from streaming.settings import Settings
from streaming.settings.kafka_options import for_python

_log = logging.getLogger(__name__)
# A commit comes between two batches, and a slow answer must not block the watch on the query.
_COMMIT_MS = 5000
# The topics were described a moment ago.
_CONNECT_MS = 10_000
# Kafka forgets what a group without members committed, after a week by default.
_AGAIN_SECONDS = 3600
_RETRY_SECONDS = 60


class GroupOffsets:
    """The consumer group of one query; it has no members, so it never rebalances.

    `note` stands beside each committed offset: it says which query this is (`streaming.spark.other_results`).
    """

    def __init__(self, settings: Settings, note: str = "") -> None:
        self._group, self._note = settings.group_id, note
        self._due_at = 0.0
        try:
            self._consumer = KafkaConsumer(
                bootstrap_servers=settings.servers.split(","),
                group_id=self._group,
                enable_auto_commit=False,
                bootstrap_timeout_ms=_CONNECT_MS,
                **for_python(settings.kafka),
            )
        except KafkaError as error:
            raise no_answer(settings.servers) from error

    @property
    def is_due(self) -> bool:
        """Whether an idle query should commit where it is: never yet, not lately, or a minute after a failure."""
        return time.monotonic() >= self._due_at

    def commit(self, end_offsets: str) -> None:
        """Commit the end of a micro-batch: Spark's JSON of topic, partition and next offset."""
        offsets: Mapping[str, Mapping[str, int]] = json.loads(end_offsets)
        positions = {
            TopicPartition(topic, int(partition)): OffsetAndMetadata(offset, self._note, -1)
            for topic, partitions in offsets.items()
            for partition, offset in partitions.items()
        }
        self._due_at = time.monotonic() + _AGAIN_SECONDS
        try:
            self._consumer.commit(positions, timeout_ms=_COMMIT_MS)
        except KafkaError as error:
            self._due_at = time.monotonic() + _RETRY_SECONDS
            _log.warning("lag tools see old offsets of the group '%s' for a minute: %s", self._group, reason(error))

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close(autocommit=False)
