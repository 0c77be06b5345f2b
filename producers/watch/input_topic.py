"""The input topic as a watcher sees it: which topic it is, where it ends, and which records it has since then.

It reads only after a crash, and commits nothing. Reading needs the right READ; the ends and the id need Describe, which
every producer has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from types import TracebackType
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
)

from streaming.access import checked_options, client_options
from streaming.errors import BrokerAway, BrokerError, TopicError, no_answer, reason
from streaming.settings import MIB, Settings

_ANSWER_MS = 10_000
_POLL_MS = 500
# Polls without a record before the end, in a row: half a minute.
_MAX_EMPTY_POLLS = 60
_RETRY_BACKOFF_MS = 20

# A record as the state knows it: its key, and the hash of its value, None without a value.
KeyAndHash = tuple[bytes, bytes | None]


def value_hash(value: bytes) -> bytes:
    """Return the hash by which a value is known again: 128 bits, so that no two of a topic have the same."""
    return hashlib.blake2b(value, digest_size=16).digest()


class InputTopic:
    """A connection for questions about the topic, for as long as its `with` block lasts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.input_topic
        self._servers = settings.servers.split(",")
        self._consumer: KafkaConsumer | None = None

    def __enter__(self) -> InputTopic:
        """Connect; raises `BrokerError`."""
        with self._explained():
            self._consumer = KafkaConsumer(
                bootstrap_servers=self._servers,
                **{
                    "client_id": "gistream-watch",
                    "enable_auto_commit": False,
                    "allow_auto_create_topics": False,
                    "auto_offset_reset": "none",
                    "max_partition_fetch_bytes": self._settings.max_document_bytes + MIB,
                    "retry_backoff_ms": _RETRY_BACKOFF_MS,
                    "bootstrap_timeout_ms": _ANSWER_MS,
                    **checked_options(self._settings),
                },
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client().close(autocommit=False, timeout_ms=_ANSWER_MS)
        self._consumer = None

    def id(self) -> str:
        """Return the id that tells this topic from another of its name; raises `TopicError` when there is none."""
        with (
            self._explained(),
            closing(
                KafkaAdminClient(
                    bootstrap_servers=self._servers,
                    **{
                        "client_id": "gistream-watch",
                        "bootstrap_timeout_ms": _ANSWER_MS,
                        "request_timeout_ms": _ANSWER_MS,
                        **client_options(self._settings),
                    },
                )
            ) as admin,
        ):
            [answer] = admin.describe_topics([self._topic])
        if answer["error_code"]:
            raise self._missing()
        return str(answer["topic_id"])

    def ends(self) -> dict[int, int]:
        """Return the offset behind the last record of each partition; raises `BrokerError`, `TopicError`."""
        with self._explained():
            ends = self._client().end_offsets(self._partitions(), timeout_ms=_ANSWER_MS)
        return {partition.partition: end for partition, end in ends.items()}

    def find(self, records: Collection[KeyAndHash], starts: Mapping[int, int]) -> set[KeyAndHash] | None:
        """Return which of `records` the topic has from the offsets `starts` on; None without the right to read it.

        Raises `BrokerError`, `TopicError`.
        """
        missing, found = set(records), set()
        with self._explained():
            try:
                for record in self._records(starts):
                    seen = (record.key or b"", None if record.value is None else value_hash(record.value))
                    if seen in missing:
                        missing.discard(seen)
                        found.add(seen)
                        if not missing:
                            break
            except TopicAuthorizationFailedError:
                return None
        return found

    def _records(self, starts: Mapping[int, int]) -> Iterator[Any]:
        consumer, partitions = self._client(), self._partitions()
        first = consumer.beginning_offsets(partitions)
        ends = consumer.end_offsets(partitions, timeout_ms=_ANSWER_MS)
        # A partition that was added since is new from its first record on.
        positions = {p: max(starts.get(p.partition, 0), first[p]) for p in partitions}
        rest = [partition for partition in partitions if positions[partition] < ends[partition]]
        consumer.assign(rest)
        for partition in rest:
            consumer.seek(partition, positions[partition])
        empty_polls = 0
        while any(consumer.position(partition) < ends[partition] for partition in rest):
            batches = consumer.poll(timeout_ms=_POLL_MS)
            empty_polls = 0 if batches else empty_polls + 1
            if empty_polls > _MAX_EMPTY_POLLS:
                raise BrokerAway(f"Kafka stopped answering before topic '{self._topic}' was read; start again.")
            for records in batches.values():
                yield from records

    def _partitions(self) -> list[TopicPartition]:
        numbers = self._client().partitions_for_topic(self._topic)
        if not numbers:
            raise self._missing()
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]

    def _client(self) -> KafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("An InputTopic answers within its with block.")
        return self._consumer

    def _missing(self) -> TopicError:
        return TopicError(
            f"Topic '{self._topic}' does not exist on {self._settings.servers}, or this user may not see it; create it "
            f"with `gistream topics create --input-topic {self._topic}`."
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise the service's errors for the client's."""
        try:
            yield
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            raise no_answer(self._settings.servers) from error
        except KafkaError as error:
            name = f"topic '{self._topic}' on {self._settings.servers}"
            if getattr(error, "retriable", False):
                raise BrokerAway(f"Kafka does not answer about {name} now: {reason(error)}.") from error
            raise BrokerError(f"Kafka refuses to tell about {name}: {reason(error)}.") from error
