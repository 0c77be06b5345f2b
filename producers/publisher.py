"""The publisher that all producers share: it sends documents to the input topic, and reports on each of them.

Item: a `Document`, or the record that a producer made of one. It sends with acks=all, idempotence and compression.
Guarantee: each document that is counted as acknowledged is in the topic exactly once; documents with the same key are
there in the order they were sent. A document that is too large, or that Kafka refuses, is reported by name, and the
other documents are still sent. A Kafka that goes away ends it, with the number of acknowledged documents.

    with Publisher(bootstrap_servers="localhost:9092", input_topic="documents") as publisher:
        publisher.send(Document(id="a", text="Anna saw the mill burn down."))
    publisher.report.acknowledged
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any

from kafka import KafkaProducer
from kafka.errors import (
    InvalidRecordError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from kafka.producer.future import RecordMetadata

from producers.client import close, connect, topic_id
from producers.records import ProducerRecord, Refusal, to_record
from streaming.access import denied
from streaming.errors import BrokerAway, GistreamError, TopicError, UsageError, reason
from streaming.messages import Document
from streaming.settings import MIB, Settings, changed, load
from streaming.wording import counted

# The client keeps records in memory until Kafka acknowledges them, without a limit; these are the limits. The second
# is for short documents, of which each costs 2 KiB of Python's objects, whatever its own bytes.
_MOST_BYTES = 64 * MIB
_MOST_DOCUMENTS = 10_000
# What Kafka says of one record; all other errors are about the topic or the broker.
_OF_ONE_DOCUMENT = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidRecordError)
# What the client itself needs to give a document up, beyond the time that it has.
_GRACE_SECONDS = 10


@dataclass
class PublishReport:
    """The outcome for all documents: how many Kafka acknowledged, and a `Refusal` for each of the others."""

    acknowledged: int = 0
    refusals: list[Refusal] = field(default_factory=list)


class Publisher:
    """A connection that publishes documents, for as long as its `with` block lasts.

    It takes `Settings`, or settings by name, which come before those of the environment and of gistream.toml.

    One thread sends. `on_acknowledged` is called with each record that Kafka has, `on_refused` with each that it will
    not get; most calls come from the client's own thread, one at a time, so they should be quick. What they raise, the
    next `send` raises.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        on_acknowledged: Callable[[ProducerRecord], None] | None = None,
        on_refused: Callable[[Refusal], None] | None = None,
        **values: Any,
    ) -> None:
        self._settings = load(values) if settings is None else changed(settings, values) if values else settings
        if len(self._settings.input_topics) != 1:
            raise UsageError(
                "Documents are sent to one topic, and the settings name several or a pattern; choose one with "
                "--input-topic."
            )
        self._topic = self._settings.input_topic
        self._on_acknowledged = on_acknowledged
        self._on_refused = on_refused
        self._producer: KafkaProducer | None = None
        # Each is changed by one thread alone, the sending one or the client's, so that a document needs no lock.
        self._sent, self._sent_bytes = 0, 0
        self._settled, self._settled_bytes = 0, 0
        self._is_waiting = False
        self._room = threading.Event()
        self._failure: BaseException | None = None
        self.report = PublishReport()

    def __enter__(self) -> Publisher:
        """Connect; raises `BrokerError`."""
        self._producer = connect(self._settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait for all acknowledgements, and disconnect; after an error, wait ten seconds at most."""
        try:
            if error is None:
                self.flush()
        finally:
            close(self._client())
            self._producer = None

    def send(self, document: Document | ProducerRecord) -> None:
        """Send one document; waits when too much is unacknowledged, and not for the acknowledgement of this one.

        A document without an id gets the SHA-256 of its text. Raises `TopicError`, and `BrokerAway` when Kafka went
        away.
        """
        record = document if isinstance(document, ProducerRecord) else self._to_record(document)
        if record is None:
            return
        if fault := unfit(record, self._settings):
            self.refuse(record.name, fault)
            return
        size = record.size
        self._take_room(size)
        try:
            future = self._client().send(
                self._topic, record.value, record.key, list(record.headers), timestamp_ms=record.timestamp
            )
        except KafkaTimeoutError as error:
            raise self._no_topic() from error
        except KafkaError as error:
            # It never was in flight.
            self._sent -= 1
            self._sent_bytes -= size
            self.refuse(record.name, f"not sent: {reason(error)}")
            return
        on_settled = partial(self._on_settled, record)
        future.add_callback(on_settled)
        future.add_errback(on_settled)

    def find_topic(self) -> None:
        """Ask Kafka about the topic, as else the first `send` does, which is late by that; raises `TopicError`."""
        try:
            self._client().partitions_for(self._topic)
        except KafkaTimeoutError as error:
            raise self._no_topic() from error

    def refuse(self, name: str, reason: str) -> None:
        """Report a document that cannot be sent."""
        refusal = Refusal(name, reason)
        self.report.refusals.append(refusal)
        if self._on_refused is not None:
            self._on_refused(refusal)

    def flush(self) -> None:
        """Wait until each document sent is acknowledged or refused; raises `BrokerAway`, `TopicError`."""
        try:
            self._client().flush(timeout=self._patience())
        except KafkaTimeoutError as error:
            raise self._away() from error
        self._raise_failure()

    def topic_id(self) -> str:
        """Return the id that Kafka gave the topic when it was created; raises `TopicError` when there is none."""
        try:
            return topic_id(self._client(), self._topic)
        except KafkaTimeoutError as error:
            raise self._no_topic() from error

    @property
    def in_flight(self) -> int:
        """The number of documents that were sent and are neither acknowledged nor refused."""
        return self._sent - self._settled

    def _client(self) -> KafkaProducer:
        if self._producer is None:
            raise RuntimeError("A Publisher sends within its with block: `with Publisher(...) as publisher:`.")
        return self._producer

    def _to_record(self, document: Document) -> ProducerRecord | None:
        name = document.id or "a document without an id"
        if not document.text.strip():
            self.refuse(name, "its text is empty")
            return None
        try:
            return to_record(document)
        except ValueError:
            # Of UTF-8's encoder, or of pydantic's.
            self.refuse(name, "it has half a character (a lone surrogate), which UTF-8 cannot hold")
            return None

    def _take_room(self, size: int) -> None:
        """Wait until `size` bytes more may be in flight: so whoever reads feels how fast Kafka takes."""
        if not self._has_room(size):
            self._wait_for_room(size)
        if self._failure is not None:
            self._raise_failure()
        self._sent += 1
        self._sent_bytes += size

    def _has_room(self, size: int) -> bool:
        documents, in_flight = self._sent - self._settled, self._sent_bytes - self._settled_bytes
        # A document that is larger than all of the room goes alone.
        return not documents or (documents < _MOST_DOCUMENTS and in_flight + size <= _MOST_BYTES)

    def _wait_for_room(self, size: int) -> None:
        end = time.monotonic() + self._patience()
        self._room.clear()
        # Set before the room is looked at: an acknowledgement after that look wakes this thread.
        self._is_waiting = True
        while self._failure is None and not self._has_room(size):
            if not self._room.wait(end - time.monotonic()):
                raise self._away()
            self._room.clear()
        self._is_waiting = False

    def _settle(self, size: int) -> None:
        self._settled += 1
        self._settled_bytes += size
        # Woken for each acknowledgement, the sending thread would send one document and wait again.
        if self._is_waiting and self._is_half_empty():
            self._room.set()

    def _is_half_empty(self) -> bool:
        documents, in_flight = self._sent - self._settled, self._sent_bytes - self._settled_bytes
        return documents <= _MOST_DOCUMENTS // 2 and in_flight <= _MOST_BYTES // 2

    def _on_settled(self, record: ProducerRecord, outcome: RecordMetadata | BaseException) -> None:
        # The client calls it from its own thread, one call at a time.
        if isinstance(outcome, BaseException):
            self._fail(record, outcome)
            return
        self.report.acknowledged += 1
        self._settle(record.size)
        if self._on_acknowledged is not None:
            self._call(self._on_acknowledged, record)

    def _fail(self, record: ProducerRecord, error: BaseException) -> None:
        if isinstance(error, _OF_ONE_DOCUMENT):
            self._settle(record.size)
            self._call(self.refuse, record.name, f"not acknowledged: {reason(error)}")
            return
        # It stays in flight, for nobody knows whether Kafka has it.
        self._failure = self._failure or error
        self._room.set()

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 - the client would log it and go on; the caller's thread raises it
            self._failure = self._failure or error

    def _patience(self) -> float:
        return float(self._client().config["delivery_timeout_ms"]) / 1000 + _GRACE_SECONDS

    def _raise_failure(self) -> None:
        if self._failure is None:
            return
        if right := denied(self._failure, self._settings, "Write", [self._topic]):
            acknowledged = counted(self.report.acknowledged, "document")
            raise TopicError(f"{right} Acknowledged before: {acknowledged}.") from self._failure
        if isinstance(self._failure, KafkaError):
            raise self._away() from self._failure
        raise self._failure

    def _no_topic(self) -> TopicError:
        return TopicError(
            f"Topic '{self._topic}' does not exist, or Kafka stopped answering; create it with `gistream topics create "
            f"--input-topic {self._topic}`. Acknowledged before: {counted(self.report.acknowledged, 'document')}."
        )

    def _away(self) -> GistreamError:
        why = f" ({reason(self._failure)})" if self._failure is not None else ""
        return BrokerAway(
            f"Kafka stopped answering{why} after {counted(self.report.acknowledged, 'acknowledged document')}; of "
            f"{self.in_flight:,} more nobody knows whether it has them. Sending them again is safe: a document that "
            "comes twice is summarized twice."
        )


def unfit(record: ProducerRecord, settings: Settings) -> str | None:
    """Return why a record is not even sent; None when it is."""
    size, limit = len(record.value or b""), settings.max_document_bytes
    if size <= limit:
        return None
    return (
        f"{size:,} bytes are more than the limit of {limit:,} (max_document_bytes); send its text by reference: "
        "--reference ROOT"
    )


def publish(
    settings: Settings, documents: Iterable[ProducerRecord | Refusal], on_document: Callable[[], None] = lambda: None
) -> PublishReport:
    """Send as many of `documents` as possible and report on all; raises `BrokerError` or `TopicError`.

    `on_document` is called after each acknowledgement or refusal.
    """

    def on_settled(_document: ProducerRecord | Refusal) -> None:
        on_document()

    with Publisher(settings, on_acknowledged=on_settled, on_refused=on_settled) as publisher:
        for document in documents:
            if isinstance(document, Refusal):
                publisher.refuse(document.name, document.reason)
            else:
                publisher.send(document)
    return publisher.report
