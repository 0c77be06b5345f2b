"""Topics: creates them with the limits that gistream needs, and describes them.

All questions to the broker outside the data path go through `Admin`, which turns Kafka's exceptions into sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    TopicAlreadyExistsError,
)

from streaming.access import checked_options, missing_right, user_of
from streaming.errors import BrokerError, TopicError, no_answer, reason
from streaming.kafka.topic import NEVER_MS, WEEK_MS, Extent, Topic, required_topics
from streaming.kafka.unanswered import UNANSWERED
from streaming.settings import MIB, Settings

# A broker on the same network answers in milliseconds; the user must hear of a dead one before giving up.
_ANSWER_MS = 10_000
# The protocol's number (ListOffsets): up to the first transaction that is still open.
_READ_COMMITTED = 1
_NO_ERROR, _UNKNOWN_TOPIC, _NOT_ALLOWED = 0, 3, 29


def extents_now(settings: Settings, names: Iterable[str]) -> dict[str, Extent]:
    """Return what there is of topics now; those that do not exist are left out. Raises `BrokerError`."""
    with Admin(settings) as admin:
        return admin.extents(sorted(names))


class Admin:
    """A connection to Kafka for questions about topics and offsets."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._servers = settings.servers
        with self._explained("connect to it"):
            self._client = KafkaAdminClient(
                bootstrap_servers=self._servers.split(","),
                **{
                    "client_id": "gistream",
                    "bootstrap_timeout_ms": _ANSWER_MS,
                    "request_timeout_ms": _ANSWER_MS,
                    **checked_options(settings),
                },
            )

    def __enter__(self) -> Admin:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._client.close()

    def ensure(self) -> list[str]:
        """Create the topics that are missing and return their names.

        Raises `TopicError` when one is missing and this user may not create it.
        """
        largest = required_topics(self._settings)
        missing = self.missing(list(largest))
        for name in missing:
            self._create(name, largest[name])
        return missing

    def inputs(self) -> list[str]:
        """Return the input topics: the names in the settings, or the topics that the pattern matches now.

        Raises `TopicError` when the pattern matches none.
        """
        pattern = self._settings.input_pattern
        if pattern is None:
            return list(self._settings.input_topics)
        with self._explained("list the topics"):
            names = self._client.list_topics()
        if not (matches := sorted(filter(self._settings.is_input, names))):
            raise TopicError(
                f"No topic on {self._servers} has a name that --input-pattern '{pattern}' matches; it must match the "
                "whole name of at least one topic."
            )
        return matches

    def describe(self, names: Sequence[str]) -> list[Topic]:
        """Describe topics; raises `TopicError` for the first that does not exist."""
        topics = self._metadata(names) if names else {}
        for name, metadata in topics.items():
            if metadata is None:
                raise TopicError(
                    f"Topic '{name}' does not exist on {self._servers}; create it with `gistream topics create`."
                )
        if not topics:
            # Kafka would take an empty list for all topics.
            return []
        sizes, configs = self._sizes(names), self._configs(names)
        extents = self._extents(topics)
        return [
            Topic(
                name=name,
                id=extents[name].id,
                partitions=len(metadata["partitions"]),
                bounds=extents[name].bounds,
                offsets=sum(last - first for first, last in extents[name].bounds.values()),
                bytes=sizes.get(name),
                max_message_bytes=int(configs[name].get("max.message.bytes", MIB)),
                retention_ms=int(configs[name].get("retention.ms", -1)),
                cleanup_policy=configs[name].get("cleanup.policy", "delete"),
                rights=sorted(metadata.get("authorized_operations") or []),
                segment_ms=int(configs[name].get("segment.ms", WEEK_MS)),
                max_compaction_lag_ms=int(configs[name].get("max.compaction.lag.ms", NEVER_MS)),
            )
            for name, metadata in topics.items()
            if metadata is not None
        ]

    def extents(self, names: Sequence[str]) -> dict[str, Extent]:
        """Return what there is of topics; those that do not exist are left out."""
        return self._extents(self._metadata(names)) if names else {}

    def missing(self, names: Sequence[str]) -> list[str]:
        """Return the names of topics that do not exist."""
        return [name for name, metadata in self._metadata(names).items() if metadata is None] if names else []

    def newest(self, topic: Topic) -> int | None:
        """Return the latest timestamp of a topic's records, in milliseconds since 1970; None when it has no record."""
        # -3 requests the record of the highest timestamp (ListOffsets).
        with self._explained(f"read the times of topic '{topic.name}'"):
            answer = self._client.list_partition_offsets(
                {TopicPartition(topic.name, n): -3 for n in range(topic.partitions)}
            )
        return max((newest.timestamp for newest in answer.values() if newest.offset >= 0), default=None)

    def uncommitted(self, topics: Sequence[Topic]) -> int:
        """Return how many offsets stand behind the beginning of a transaction that is still open.

        No reader of committed records gets their records before it ends.
        """
        count = 0
        for topic in topics:
            partitions = {TopicPartition(topic.name, number): -1 for number in range(topic.partitions)}
            with self._explained(f"read the offsets of topic '{topic.name}'"):
                ends = self._client.list_partition_offsets(partitions)
                stable = self._client.list_partition_offsets(partitions, _READ_COMMITTED)
            # A transaction may end, and another record come, between the two answers.
            count += sum(max(0, ends[partition].offset - stable[partition].offset) for partition in partitions)
        return count

    def committed_metadata(self, prefix: str) -> dict[str, list[tuple[str, str]]]:
        """Return what was noted with the offsets of each consumer group whose name begins with `prefix`.

        A note is a topic and a text. There are none where this user may not see the groups, and of a Kafka before 3.0,
        which answers for one group alone: they only serve to warn.
        """
        try:
            names = [group["group_id"] for group in self._client.list_groups()]
            offsets = self._client.list_group_offsets([name for name in names if name.startswith(prefix)])
        except KafkaError:
            return {}
        return {
            group: [(partition.topic, offset.metadata or "") for partition, offset in partitions.items()]
            for group, partitions in offsets.items()
        }

    def _create(self, name: str, largest: int) -> None:
        settings = self._settings
        retention = settings.retention_hours * 3_600_000 if settings.retention_hours >= 0 else -1
        options = {
            "num_partitions": settings.partitions,
            "replication_factor": settings.replication,
            "configs": {
                "max.message.bytes": str(largest),
                "retention.ms": str(retention),
                # Not compacted: compaction would keep the last summary of a key that arrived, and the summary of the
                # highest source offset counts.
                "cleanup.policy": "delete",
            },
        }
        try:
            self._client.create_topics({name: options}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            # Another process was faster.
            return
        except AuthorizationError as error:
            raise TopicError(
                f"Topic '{name}' does not exist on {self._servers} and {user_of(self._settings)} may not create it "
                "(the right Create); have an administrator run `gistream topics create`."
            ) from error
        except KafkaError as error:
            raise TopicError(f"Topic '{name}' could not be created on {self._servers}: {reason(error)}.") from error

    def _metadata(self, names: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        with self._explained("describe topics"):
            answers = self._client.describe_topics(list(names))
        topics: dict[str, dict[str, Any] | None] = {}
        for answer in answers:
            code = answer["error_code"]
            if code == _NOT_ALLOWED:
                raise missing_right(self._settings, "Describe", f"topic '{answer['name']}'", or_absent=True)
            if code not in (_NO_ERROR, _UNKNOWN_TOPIC):
                raise TopicError(f"Kafka cannot describe topic '{answer['name']}': error code {code}.")
            topics[answer["name"]] = answer if code == _NO_ERROR else None
        return topics

    def _configs(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        with self._explained("read the settings of topics"):
            answer = self._client.describe_configs(resources, config_filter="all")
        configs = {
            name: {key: str(entry["value"]) for key, entry in entries.items()}
            for name, entries in answer.get("topic", {}).items()
        }
        for name in names:
            # kafka-python passes over the answer that they may not be read, and defaults would be wrong limits.
            if not configs.get(name):
                raise missing_right(self._settings, "DescribeConfigs", f"topic '{name}'")
        return configs

    def _sizes(self, names: Sequence[str]) -> dict[str, int]:
        """Return the sizes of topics on disk; without the right Describe on the cluster, Kafka tells none."""
        sizes: dict[str, int] = {}
        with self._explained("read the sizes of topics"):
            brokers = self._client.describe_log_dirs(list(names))
        for broker in brokers:
            for folder in broker["log_dirs"]:
                for topic in folder["topics"]:
                    size = sum(partition["partition_size"] for partition in topic["partitions"])
                    sizes[topic["name"]] = sizes.get(topic["name"], 0) + size
        return sizes

    def _extents(self, topics: Mapping[str, dict[str, Any] | None]) -> dict[str, Extent]:
        extents = {}
        for name, metadata in topics.items():
            if metadata is not None:
                count = len(metadata["partitions"])
                first, last = self._offsets(name, "earliest", count), self._offsets(name, "latest", count)
                bounds = {partition: (first[partition], last[partition]) for partition in sorted(last)}
                extents[name] = Extent(str(metadata["topic_id"]), bounds)
        return extents

    def _offsets(self, name: str, which: str, partitions: int) -> dict[int, int]:
        # The protocol's numbers for the end and the beginning of the log (ListOffsets).
        spec = -1 if which == "latest" else -2
        with self._explained(f"read the offsets of topic '{name}'"):
            answer = self._client.list_partition_offsets({TopicPartition(name, n): spec for n in range(partitions)})
        return {partition.partition: answered.offset for partition, answered in answer.items()}

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        try:
            yield
        except UNANSWERED as error:
            raise no_answer(self._servers) from error
        except AuthorizationError as error:
            raise TopicError(f"Kafka on {self._servers} does not allow this user to {action}.") from error
        except KafkaError as error:
            raise BrokerError(f"Kafka on {self._servers} refused to {action}: {reason(error)}.") from error
