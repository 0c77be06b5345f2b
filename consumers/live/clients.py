"""The Kafka clients of a live view: they read committed records only, commit nothing, and come back by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from streaming.access import client_options
from streaming.errors import no_answer
from streaming.settings import Settings

# A broker on the same network answers in milliseconds; a screen must say soon that one is away.
ANSWER_MS = 5000
# As `consumers.tail`: how long the broker holds a request without new records.
_FETCH_MAX_WAIT_MS = 2000
# Kafka's client waits up to half a minute between two connections; the view must be back sooner than that.
_RECONNECT_MS = 1000

_COMMON = {
    "bootstrap_timeout_ms": ANSWER_MS,
    "request_timeout_ms": ANSWER_MS,
    "reconnect_backoff_max_ms": _RECONNECT_MS,
}


def connect_consumer(settings: Settings, **options: Any) -> KafkaConsumer:
    """Return a consumer without a group; raises `BrokerAway`."""
    try:
        return KafkaConsumer(
            bootstrap_servers=settings.servers.split(","),
            **{
                **_COMMON,
                "client_id": "gistream-live",
                "enable_auto_commit": False,
                # A misspelt name must not become a topic.
                "allow_auto_create_topics": False,
                "isolation_level": "read_committed",
                # What retention deletes while it is read is gone; reading goes on with the first record that is there.
                "auto_offset_reset": "earliest",
                "fetch_max_wait_ms": _FETCH_MAX_WAIT_MS,
                # The client computes sums in Python, 0.1 ms for a kilobyte (measurements.md, verify). Nothing is stored
                # here, and a damaged record is no summary.
                "check_crcs": False,
                **options,
                **_user_options(settings),
            },
        )
    except KafkaError as error:
        raise no_answer(settings.servers) from error


def connect_admin(settings: Settings) -> KafkaAdminClient:
    """Return a client for questions about topics and offsets; raises `BrokerAway`."""
    try:
        return KafkaAdminClient(
            bootstrap_servers=settings.servers.split(","),
            **{**_COMMON, "client_id": "gistream-live", **_user_options(settings)},
        )
    except KafkaError as error:
        raise no_answer(settings.servers) from error


def first_offsets(consumer: KafkaConsumer, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the first offset of each partition; raises `KafkaError`."""
    with _known(partitions):
        return dict(consumer.beginning_offsets(partitions))


def end_offsets(consumer: KafkaConsumer, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the offset behind the last record of each partition; raises `KafkaError`."""
    with _known(partitions):
        return dict(consumer.end_offsets(partitions))


@contextmanager
def _known(partitions: Sequence[TopicPartition]) -> Iterator[None]:
    """Raise Kafka's own error where kafka-python 2 has a KeyError: of a partition that this client has not heard of.

    A topic that has just been created again may have one more than before.
    """
    try:
        yield
    except KeyError as error:
        raise UnknownTopicOrPartitionError(str(partitions)) from error


def _user_options(settings: Settings) -> dict[str, Any]:
    options = client_options(settings)
    # A request ends after its time-out, so the broker must not hold one as long.
    if "request_timeout_ms" in options:
        options["fetch_max_wait_ms"] = min(_FETCH_MAX_WAIT_MS, options["request_timeout_ms"] // 2)
    return options
