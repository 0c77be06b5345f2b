"""The consumer group of a query: it shows lag tools how far the query is, and everybody how the query does.

For people and dashboards only. The query itself resumes from its checkpoint, so a failed commit loses nothing, and the
next one repairs it.
"""

from __future__ import annotations

from collections.abc import Mapping

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import GroupAuthorizationFailedError, KafkaError
from kafka.structs import OffsetAndMetadata

from streaming.access import client_options, missing_right
from streaming.errors import BrokerError, reason
from streaming.settings import Settings

# A broker on the same network answers in milliseconds; the end of a run waits as long for its last commit.
_ANSWER_MS = 5000


class GroupOffsets:
    """The consumer group of one query; it has no members, so it never rebalances.

    It is for one thread. It connects with the first commit.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._group = settings, settings.group_id
        self._consumer: KafkaConsumer | None = None

    def commit(self, offsets: Mapping[tuple[str, int], int], note: str) -> None:
        """Commit the next offset of each topic and partition, each with `note` as its metadata.

        Takes 10 s at most. Raises `BrokerError` when Kafka refuses it or does not answer; the next call may succeed.
        """
        positions = {
            TopicPartition(topic, partition): OffsetAndMetadata(offset, note, -1)
            for (topic, partition), offset in offsets.items()
        }
        try:
            self._consumer = self._consumer or self._connect()
            self._consumer.commit(positions, timeout_ms=_ANSWER_MS)
        except GroupAuthorizationFailedError as error:
            sentence = missing_right(self._settings, "Read", f"group '{self._group}'")
            raise BrokerError(str(sentence).rstrip(".")) from error
        except KafkaError as error:
            raise BrokerError(
                f"Kafka did not take the offsets of the group '{self._group}': {reason(error)}"
            ) from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._consumer is not None:
            self._consumer.close(autocommit=False, timeout_ms=_ANSWER_MS)

    def _connect(self) -> KafkaConsumer:
        return KafkaConsumer(
            bootstrap_servers=self._settings.servers.split(","),
            group_id=self._group,
            enable_auto_commit=False,
            bootstrap_timeout_ms=_ANSWER_MS,
            **client_options(self._settings),
        )
