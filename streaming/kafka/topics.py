"""Topics: created with the limits that gistream needs, described, and identified.

Everything that asks the broker something outside the data path goes through `Admin`, which says in one sentence what
Kafka says in a class name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    AuthorizationError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    TopicAlreadyExistsError,
)

from streaming.errors import BrokerError, TopicError, no_answer
from streaming.settings import MIB, Settings
from streaming.settings.kafka_options import for_python

# A broker on the same network answers in milliseconds; one that is gone must be named before the user gives up.
_ANSWER_MS = 10_000
_NO_ERROR, _UNKNOWN_TOPIC, _NOT_ALLOWED = 0, 3, 29


@dataclass(frozen=True)
class Topic:
    """A topic as the broker has it.

    `max_message_bytes` is its limit for one record batch, compressed; `rights` are what this user may do with it, in
    Kafka's words (READ, WRITE, ...).
    """

    name: str
    id: str
    partitions: int
    messages: int
    bytes: int
    max_message_bytes: int
    retention_ms: int
    cleanup_policy: str
    rights: list[str]


def wanted_topics(settings: Settings) -> dict[str, int]:
    """Return the topics that an installation names and the largest record that each must take, in bytes."""
    # Key, headers and Kafka's own bytes come on top of the largest document.
    wanted = dict.fromkeys(settings.input_topics, settings.max_document_bytes + 64 * 1024)
    return wanted | dict.fromkeys(result_topics(settings), settings.max_result_bytes)


def result_topics(settings: Settings) -> tuple[str, ...]:
    """Return the topics to which results go: none when they go to files alone."""
    return (settings.output_topic, settings.dead_letter_topic) if settings.to_kafka else ()


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
                    **for_python(settings.kafka),
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
        wanted = wanted_topics(self._settings)
        missing = self.missing(list(wanted))
        for name in missing:
            self._create(name, wanted[name])
        return missing

    def inputs(self) -> list[str]:
        """Return the input topics that there are: those named, or those that the pattern matches now.

        Raises `TopicError` when the pattern matches none.
        """
        pattern = self._settings.input_pattern
        if pattern is None:
            return list(self._settings.input_topics)
        with self._explained("list the topics"):
            # Kafka's own topics begin with two underscores.
            names = [name for name in self._client.list_topics() if not name.startswith("__")]
        if not (found := sorted(name for name in names if re.fullmatch(pattern, name))):
            raise TopicError(
                f"No topic on {self._servers} has a name that --input-pattern '{pattern}' matches; it must match the "
                "whole name of one at least."
            )
        return found

    def describe(self, names: Sequence[str]) -> list[Topic]:
        """Describe topics; raises `TopicError` for the first that does not exist."""
        found = self._metadata(names) if names else {}
        for name, metadata in found.items():
            if metadata is None:
                raise TopicError(
                    f"Topic '{name}' does not exist on {self._servers}; create it with `gistream topics create`."
                )
        if not found:
            # Kafka takes no names for all names.
            return []
        sizes, configs = self._sizes(names), self._configs(names)
        return [
            Topic(
                name=name,
                id=str(metadata["topic_id"]),
                partitions=len(metadata["partitions"]),
                messages=self._messages(name, len(metadata["partitions"])),
                bytes=sizes.get(name, 0),
                max_message_bytes=int(configs[name].get("max.message.bytes", MIB)),
                retention_ms=int(configs[name].get("retention.ms", -1)),
                cleanup_policy=configs[name].get("cleanup.policy", "delete"),
                rights=sorted(metadata.get("authorized_operations") or []),
            )
            for name, metadata in found.items()
            if metadata is not None
        ]

    def missing(self, names: Sequence[str]) -> list[str]:
        """Return those of `names` that are no topics."""
        return [name for name, found in self._metadata(names).items() if found is None] if names else []

    def newest(self, topic: Topic) -> int | None:
        """Return the latest time of a record of a topic, in milliseconds since 1970; None when it has none."""
        # -3 asks for the record of the highest time (ListOffsets).
        with self._explained(f"read the times of topic '{topic.name}'"):
            answer = self._client.list_partition_offsets(
                {TopicPartition(topic.name, n): -3 for n in range(topic.partitions)}
            )
        return max((found.timestamp for found in answer.values() if found.offset >= 0), default=None)

    def _create(self, name: str, largest: int) -> None:
        settings = self._settings
        retention = settings.retention_hours * 3_600_000 if settings.retention_hours >= 0 else -1
        options = {
            "num_partitions": settings.partitions,
            "replication_factor": settings.replication,
            "configs": {
                "max.message.bytes": str(largest),
                "retention.ms": str(retention),
                # Not compacted: of a key's summaries the one of the highest source offset counts, and compaction
                # would keep the last that arrived.
                "cleanup.policy": "delete",
            },
        }
        try:
            self._client.create_topics({name: options}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            # Another process was faster; it is there.
            return
        except AuthorizationError as error:
            raise TopicError(
                f"Topic '{name}' does not exist on {self._servers} and this user may not create it; have an "
                "administrator run `gistream topics create`."
            ) from error
        except KafkaError as error:
            raise TopicError(f"Topic '{name}' could not be created on {self._servers}: {error}.") from error

    def _metadata(self, names: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        with self._explained("describe topics"):
            answers = self._client.describe_topics(list(names))
        found: dict[str, dict[str, Any] | None] = {}
        for answer in answers:
            code = answer["error_code"]
            if code == _NOT_ALLOWED:
                raise TopicError(
                    f"This user may not see topic '{answer['name']}' on {self._servers}, or it does not exist; have "
                    "an administrator grant Describe, or run `gistream topics create`."
                )
            if code not in (_NO_ERROR, _UNKNOWN_TOPIC):
                raise TopicError(f"Kafka cannot describe topic '{answer['name']}': error code {code}.")
            found[answer["name"]] = answer if code == _NO_ERROR else None
        return found

    def _configs(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        with self._explained("read the settings of topics"):
            answer = self._client.describe_configs(resources, config_filter="all")
        return {
            name: {key: str(entry["value"]) for key, entry in entries.items()}
            for name, entries in answer.get("topic", {}).items()
        }

    def _sizes(self, names: Sequence[str]) -> dict[str, int]:
        sizes: dict[str, int] = {}
        with self._explained("read the sizes of topics"):
            brokers = self._client.describe_log_dirs(list(names))
        for broker in brokers:
            for folder in broker["log_dirs"]:
                for topic in folder["topics"]:
                    size = sum(partition["partition_size"] for partition in topic["partitions"])
                    sizes[topic["name"]] = sizes.get(topic["name"], 0) + size
        return sizes

    def _messages(self, name: str, partitions: int) -> int:
        first, last = self._offsets(name, "earliest", partitions), self._offsets(name, "latest", partitions)
        return sum(last[partition] - first[partition] for partition in last)

    def _offsets(self, name: str, which: str, partitions: int) -> dict[int, int]:
        # The wire's own numbers for "where the log ends" and "where it begins" (ListOffsets).
        spec = -1 if which == "latest" else -2
        with self._explained(f"read the offsets of topic '{name}'"):
            answer = self._client.list_partition_offsets({TopicPartition(name, n): spec for n in range(partitions)})
        return {partition.partition: found.offset for partition, found in answer.items()}

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            raise no_answer(self._servers) from error
        except AuthorizationError as error:
            raise TopicError(f"Kafka on {self._servers} does not allow this user to {what}.") from error
        except KafkaError as error:
            raise BrokerError(f"Kafka on {self._servers} refused to {what}: {error}.") from error
