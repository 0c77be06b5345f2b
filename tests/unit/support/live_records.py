"""Records of the topics of results as a Kafka consumer has them, for tests of the live view."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from archives import DAY, dead_letter

from consumers.live.letters import Letter, read_letter_row
from consumers.live.results import Result, read_row
from streaming.messages import DeadLetter, Deletion, Failure, Summary, source_headers


def record(message: Summary | Deletion | DeadLetter, offset: int, *, at: int = DAY, partition: int = 0) -> Any:
    """Return the record that carries a message; `at` is its time in milliseconds since 1970."""
    topic = "dead-letters" if isinstance(message, DeadLetter) else "summaries"
    if isinstance(message, Summary):
        key, value, headers = message.id.encode(), message.to_json(), []
    elif isinstance(message, Deletion):
        key, value, headers = message.id.encode(), None, source_headers([], message.source)
    else:
        key, value, headers = message.key or b"", message.value, message.kafka_headers()
    return SimpleNamespace(
        topic=topic, partition=partition, offset=offset, timestamp=at, key=key, value=value, headers=headers
    )


def result(message: Summary | Deletion, offset: int, *, at: int = DAY, partition: int = 0) -> Result:
    """Return what the live view reads of a message's record."""
    read = read_row(record(message, offset, at=at, partition=partition))
    assert read is not None
    return read


def letter(message: DeadLetter, offset: int, *, at: int = DAY) -> Letter:
    """Return what the live view reads of a dead letter's record."""
    read = read_letter_row(record(message, offset, at=at))
    assert read is not None
    return read


def late(offset: int, kind: str = "DeadlineExceeded", attempts: int = 1) -> DeadLetter:
    """Return the dead letter of a document that took too long."""
    error = Failure(stage="summarize", type=kind, message="it took longer", attempts=attempts)
    return dead_letter(offset).model_copy(update={"error": error, "key": f"k{offset}".encode()})
