"""Results: the records that leave, each small enough for its topic.

A result is a record of the output topic (a summary, or a tombstone) or of the dead-letter topic. The broker would
refuse a result that is too large, and a refusal would fail the whole micro-batch, again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streaming.errors import DocumentError, ResultTooLarge
from streaming.messages import DeadLetter, Failure, Header, Record, Summary, source_headers
from streaming.pipeline.decode import Tombstone

# Kafka's own upper bound for the bytes around keys, values and headers: 61 of a batch, 21 of a record, and up to 10
# for the two lengths of a header (DefaultRecordBatch and DefaultRecord in kafka-clients).
_BATCH_OVERHEAD = 61
_RECORD_OVERHEAD = 21
_HEADER_OVERHEAD = 10
# A message is a sentence; a library may add a long text to it.
_LONGEST_MESSAGE = 1000


@dataclass(frozen=True)
class Topics:
    """The output topics and their limits: `max.message.bytes`, as the broker has them."""

    output: str
    output_limit: int
    dead_letter: str
    dead_letter_limit: int


@dataclass(frozen=True)
class Result:
    """A record to publish."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[Header]


def record_size(key: bytes | None, value: bytes | None, headers: Sequence[Header]) -> int:
    """Return the most bytes that a record can take in a batch of its own, uncompressed."""
    size = _BATCH_OVERHEAD + _RECORD_OVERHEAD + len(key or b"") + len(value or b"")
    return size + sum(_HEADER_OVERHEAD + len(name.encode()) + len(raw or b"") for name, raw in headers)


def summary_result(summary: Summary, record: Record, topics: Topics) -> Result:
    """Make the record of a summary; raises `ResultTooLarge`."""
    return _fitting(Result(topics.output, summary.id.encode(), summary.to_json(), record.headers), topics)


def tombstone_result(tombstone: Tombstone, record: Record, topics: Topics) -> Result:
    """Make the record that deletes a summary; raises `ResultTooLarge`."""
    # A tombstone has no value, so its position is in its headers: a reader must see whether it is the newest of its id.
    headers = source_headers(record.headers, record.source)
    return _fitting(Result(topics.output, tombstone.id.encode(), None, headers), topics)


def dead_letter_result(record: Record, error: DocumentError, stage: str, topics: Topics) -> Result:
    """Make the record of a document that could not be summarized.

    When the record would not fit its topic, the value is cut, and the header `error.truncated` holds its original size.
    When the original key and headers alone do not fit, they are left out, too.
    """
    fields = {"stage": stage, "type": error.type, "message": str(error)[:_LONGEST_MESSAGE]}
    failure = Failure.model_validate(fields | {"attempts": record.attempts + 1})
    letter = DeadLetter(key=record.key, value=record.value, headers=record.headers, error=failure, source=record.source)
    limit = topics.dead_letter_limit
    whole = _dead_letter_record(letter, topics)
    if _size(whole) <= limit:
        return whole
    letter = letter.model_copy(update={"truncated": len(record.value or b"")})
    if _size(_dead_letter_record(letter.model_copy(update={"value": b""}), topics)) > limit:
        letter = letter.model_copy(update={"key": None, "headers": []})
    room = max(0, limit - _size(_dead_letter_record(letter.model_copy(update={"value": b""}), topics)))
    return _dead_letter_record(letter.model_copy(update={"value": (record.value or b"")[:room]}), topics)


def _dead_letter_record(letter: DeadLetter, topics: Topics) -> Result:
    return Result(topics.dead_letter, letter.key, letter.value, letter.kafka_headers())


def _size(result: Result) -> int:
    return record_size(result.key, result.value, result.headers)


def _fitting(result: Result, topics: Topics) -> Result:
    size = _size(result)
    if size > topics.output_limit:
        raise ResultTooLarge(
            f"the result takes up to {size:,} bytes, and topic '{topics.output}' takes {topics.output_limit:,}; "
            "raise the topic's max.message.bytes"
        )
    return result
