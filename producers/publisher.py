"""The publisher that all producers share: it sends documents to the input topic, and reports on each of them.

It sends with acks=all, idempotence and compression. Guarantee: each document that is counted as acknowledged is in the
topic exactly once; documents with the same key are there in the order they were sent. A document that is too large, or
that Kafka did not acknowledge, is reported by name, and the other documents are still sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from kafka.producer.future import RecordMetadata

from producers.records import ProducerRecord, Refusal
from streaming.errors import BrokerError, TopicError, UsageError, no_answer, reason
from streaming.settings import MIB, Settings
from streaming.settings.kafka_options import for_python
from streaming.wording import counted

_CONNECT_MS = 10_000
# The client keeps records in memory until Kafka acknowledges them, without a limit; this is the limit, in bytes.
_MOST_UNACKNOWLEDGED = 64 * MIB
# How long a document may wait for its acknowledgement before it is refused: Kafka's own default.
_DELIVERY_MS = 120_000
# How long a document waits for others to share its request.
_LINGER_MS = 5


@dataclass
class PublishReport:
    """The outcome for all documents: how many Kafka acknowledged, and a `Refusal` for each of the others."""

    acknowledged: int = 0
    refusals: list[Refusal] = field(default_factory=list)


class Publisher:
    """A connection that publishes documents; make one with `open_publisher`."""

    def __init__(self, producer: KafkaProducer, settings: Settings, on_document: Callable[[], None]) -> None:
        self._producer = producer
        self._topic = settings.input_topic
        self._limit = settings.max_document_bytes
        self._on_document = on_document
        self._unacknowledged = 0
        self.report = PublishReport()

    def send(self, document: ProducerRecord) -> None:
        """Send one document, without waiting for its acknowledgement."""
        if len(document.value) > self._limit:
            self.refuse(
                document.name,
                f"{len(document.value):,} bytes are more than the limit of {self._limit:,} (max_document_bytes)",
            )
            return
        self._unacknowledged += len(document.value)
        if self._unacknowledged > _MOST_UNACKNOWLEDGED:
            self.flush()
            self._unacknowledged = len(document.value)
        try:
            future = self._producer.send(self._topic, key=document.key, value=document.value)
        except KafkaTimeoutError as error:
            raise TopicError(
                f"Topic '{self._topic}' does not exist, or Kafka stopped answering; create it with `gistream topics "
                f"create --input-topic {self._topic}`. Acknowledged before: "
                f"{counted(self.report.acknowledged, 'document')}."
            ) from error
        except KafkaError as error:
            self.refuse(document.name, reason(error))
            return
        future.add_callback(self._acknowledged)
        future.add_errback(partial(self._failed, document.name))

    def refuse(self, name: str, reason: str) -> None:
        """Report a document that cannot be sent."""
        self.report.refusals.append(Refusal(name, reason))
        self._on_document()

    def flush(self) -> None:
        """Wait until each document sent is acknowledged or has failed."""
        try:
            self._producer.flush(timeout=self._producer.config["delivery_timeout_ms"] / 1000 + 10)
        except KafkaTimeoutError as error:
            raise BrokerError(
                f"Kafka stopped answering after {counted(self.report.acknowledged, 'acknowledged document')}; of the "
                "others nobody knows. Sending them again is safe: a document that comes twice is summarized twice."
            ) from error

    # The client calls both from its own thread, one call at a time.
    def _acknowledged(self, _metadata: RecordMetadata) -> None:
        self.report.acknowledged += 1
        self._on_document()

    def _failed(self, name: str, error: BaseException) -> None:
        self.refuse(name, f"not acknowledged: {reason(error)}")


@contextmanager
def open_publisher(settings: Settings, *, on_document: Callable[[], None] = lambda: None) -> Iterator[Publisher]:
    """Connect to Kafka for as long as the context lasts; `on_document` is called after each acknowledgement or refusal.

    Leaving the context waits for all acknowledgements. Raises `BrokerError`, or `UsageError` when the settings do not
    name one input topic.
    """
    if len(settings.input_topics) != 1:
        raise UsageError(
            "Documents are sent to one topic, and the settings name several or a pattern; choose one with "
            "--input-topic."
        )
    servers, options = settings.servers, for_python(settings.kafka)
    # A document may not be given up before a request for it may.
    delivery = max(_DELIVERY_MS, _LINGER_MS + options.get("request_timeout_ms", 0))
    try:
        producer = KafkaProducer(
            bootstrap_servers=servers.split(","),
            **{
                "client_id": "gistream-producer",
                "acks": "all",
                # A misspelt name must not become a topic, nor a right one become a topic of Kafka's small limits.
                "allow_auto_create_topics": False,
                "enable_idempotence": True,
                # Text shrinks to less than half; the other compressions need a library at every reader.
                "compression_type": "gzip",
                "linger_ms": _LINGER_MS,
                "delivery_timeout_ms": delivery,
                "bootstrap_timeout_ms": _CONNECT_MS,
                "max_block_ms": _CONNECT_MS,
                # The client counts the whole record, before compression.
                "max_request_size": settings.max_document_bytes + MIB,
                **options,
            },
        )
    except (KafkaConnectionError, KafkaTimeoutError) as error:
        raise no_answer(servers) from error
    except KafkaError as error:
        raise BrokerError(f"Kafka on {servers} refused the connection: {reason(error)}.") from error
    publisher = Publisher(producer, settings, on_document)
    try:
        yield publisher
        publisher.flush()
    finally:
        producer.close(timeout=10)


def publish(
    settings: Settings, documents: Iterable[ProducerRecord | Refusal], on_document: Callable[[], None] = lambda: None
) -> PublishReport:
    """Send as many of `documents` as possible and report on all; raises `BrokerError` or `TopicError`."""
    with open_publisher(settings, on_document=on_document) as publisher:
        for document in documents:
            if isinstance(document, Refusal):
                publisher.refuse(document.name, document.reason)
            else:
                publisher.send(document)
    return publisher.report
