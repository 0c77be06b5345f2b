"""Sends tombstones: records without a value, which delete what a topic has under their key.

Item: one tombstone. Guarantee: Kafka has acknowledged each of them, or an error is raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from streaming.access import checked_options, denied
from streaming.errors import BrokerError, no_answer, reason
from streaming.messages import Header
from streaming.settings import Settings

_CONNECT_MS = 10_000
# Kafka's own default for the time until a record counts as lost.
_DELIVERY_SECONDS = 120


@dataclass(frozen=True)
class KafkaTombstone:
    """A tombstone, and the partition that it goes to: that of the records which it deletes; None by its key."""

    topic: str
    partition: int | None
    key: bytes
    headers: tuple[Header, ...]


def send_tombstones(settings: Settings, tombstones: Iterable[KafkaTombstone]) -> None:
    """Send tombstones and wait until Kafka has acknowledged all of them; raises `BrokerError`."""
    try:
        producer = KafkaProducer(
            bootstrap_servers=settings.servers.split(","),
            **{
                "client_id": "gistream-forget",
                "acks": "all",
                "allow_auto_create_topics": False,
                "enable_idempotence": True,
                "bootstrap_timeout_ms": _CONNECT_MS,
                "max_block_ms": _CONNECT_MS,
                **checked_options(settings),
            },
        )
        with closing(producer):
            sent = [
                producer.send(t.topic, key=t.key, value=None, headers=list(t.headers), partition=t.partition)
                for t in tombstones
            ]
            for future in sent:
                future.get(timeout=_DELIVERY_SECONDS)
    except (KafkaConnectionError, KafkaTimeoutError) as error:
        raise no_answer(settings.servers) from error
    except KafkaError as error:
        if right := denied(error, settings, "Write", [settings.output_topic]):
            raise right from error
        raise BrokerError(f"Kafka on {settings.servers} refused a tombstone: {reason(error)}.") from error
