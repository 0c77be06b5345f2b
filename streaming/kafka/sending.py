"""Sends single records: tombstones, and results that no query makes.

Item: one record. Guarantee: Kafka has acknowledged each of them, or an error is raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from streaming.access import checked_options, denied
from streaming.errors import BrokerError, no_answer, reason
from streaming.kafka.unanswered import UNANSWERED
from streaming.messages import Header
from streaming.settings import MIB, Settings

_CONNECT_MS = 10_000
# Kafka's own default for the time until a record counts as lost.
_DELIVERY_SECONDS = 120
# The client keeps records without a limit until they are acknowledged.
_MOST_BYTES = 32 * MIB
# What the client keeps beside a record's bytes: a million tombstones have no value.
_PER_RECORD = 1000
# Whether a record fits its topic is known before.
_LARGEST_REQUEST = 2**30


@dataclass(frozen=True)
class KafkaRecord:
    """A record to send, a tombstone when it has no value; a partition of None is chosen by the key."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


def send_records(settings: Settings, records: Iterable[KafkaRecord]) -> None:
    """Send records and wait until Kafka has acknowledged all of them; raises `BrokerError` and `TopicError`."""
    try:
        producer = KafkaProducer(
            bootstrap_servers=settings.servers.split(","),
            **{
                "client_id": "gistream",
                "acks": "all",
                "allow_auto_create_topics": False,
                "enable_idempotence": True,
                "bootstrap_timeout_ms": _CONNECT_MS,
                "max_block_ms": _CONNECT_MS,
                "max_request_size": _LARGEST_REQUEST,
                **checked_options(settings),
            },
        )
        with closing(producer):
            sent: list[Any] = []
            size = 0
            for record in records:
                # The client knows no header without a value; such a header becomes an empty one.
                headers = [(name, raw or b"") for name, raw in record.headers]
                sent.append(
                    producer.send(
                        record.topic, key=record.key, value=record.value, headers=headers, partition=record.partition
                    )
                )
                size += _PER_RECORD + sum(
                    len(part or b"") for part in (record.key, record.value, *(raw for _, raw in headers))
                )
                if size > _MOST_BYTES:
                    _wait(sent)
                    size = 0
            _wait(sent)
    except UNANSWERED as error:
        raise no_answer(settings.servers) from error
    except KafkaError as error:
        if right := denied(error, settings, "Write", [settings.output_topic, settings.dead_letter_topic]):
            raise right from error
        raise BrokerError(f"Kafka on {settings.servers} refused a record: {reason(error)}.") from error


def _wait(sent: list[Any]) -> None:
    for future in sent:
        future.get(timeout=_DELIVERY_SECONDS)
    sent.clear()
