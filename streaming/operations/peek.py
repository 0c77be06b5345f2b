"""`gistream topics peek`: what a query would read from the first records of a topic; nothing is committed."""

from __future__ import annotations

from collections.abc import Iterator

from streaming.errors import BadInput
from streaming.kafka.records import first_records
from streaming.messages import Record
from streaming.pipeline.decode import Decoded, Tombstone, decode, record_format
from streaming.settings import Settings


def peek(settings: Settings, topic: str, number: int) -> Iterator[tuple[Record, Decoded | Tombstone | BadInput]]:
    """Yield the first `number` records of a topic, each with what it is read as by the settings.

    Raises `TopicError` when the topic does not exist, and `BrokerError`.
    """
    reading = record_format(settings)
    for record in first_records(settings, topic, number):
        try:
            yield record, decode(record, reading)
        except BadInput as error:
            yield record, error
