"""A document on its way to the input topic, and a document that does not get there: what every producer yields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProducerRecord:
    """A document as Kafka gets it: the key and value of its record. Messages call it `name`."""

    name: str
    key: bytes | None
    value: bytes


@dataclass(frozen=True)
class Refusal:
    """A document that was not sent, or not acknowledged, and why."""

    name: str
    reason: str
