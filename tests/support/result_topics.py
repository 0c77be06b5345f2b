"""Results sent straight to the output topics, as a query writes them, for tests of those who read them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from kafka import KafkaProducer

from streaming.messages import (
    DeadLetter,
    Failure,
    ModelInfo,
    PromptInfo,
    Signals,
    Source,
    Summary,
    Tokens,
    source_headers,
)
from streaming.settings import MIB, Settings


def summary_of(source: Source, text: str, **changes: Any) -> Summary:
    """Return a summary of the document at `source`, made now."""
    made = Summary(
        id=f"{source.topic}-{source.partition}-{source.offset}",
        summary=text,
        status="ok",
        model=ModelInfo(name="m", sha256="ab", representation="Q4_1"),
        prompt=PromptInfo(name="default", sha256="cd"),
        recipe="r1",
        strategy="stuff",
        chunks=1,
        tokens=Tokens(prompt=10, completion=5),
        seconds=0.5,
        signals=Signals(supported=1.0),
        document_sha256="ef",
        source=source,
        produced_at=datetime.now(timezone.utc),
    )
    return made.model_copy(update=changes)


class ResultTopics:
    """Writes documents, and what a query makes of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = KafkaProducer(
            bootstrap_servers=settings.servers, max_request_size=40 * MIB, max_in_flight_requests_per_connection=1
        )

    def close(self) -> None:
        """Close the connection."""
        self._producer.close()

    def document(self, text: str = "A text.", partition: int = 0) -> Source:
        """Send a document, and return where it is."""
        return self._send(self._settings.input_topic, partition, b"k", text.encode(), [])

    def summary(self, source: Source, text: str = "It burned.", **changes: Any) -> Summary:
        """Send the summary of a document, to the partition of the document's number."""
        made = summary_of(source, text, **changes)
        self._send(self._settings.output_topic, source.partition, made.id.encode(), made.to_json(), [])
        return made

    def deletion(self, id: str, source: Source) -> None:
        """Send the deletion of a summary."""
        self._send(self._settings.output_topic, source.partition, id.encode(), None, source_headers([], source))

    def letter(self, source: Source, value: bytes = b"\xff", key: bytes | None = None) -> DeadLetter:
        """Send a dead letter."""
        error = Failure(stage="decode", type="NotUtf8", message="no text")
        letter = DeadLetter(key=key, value=value, error=error, source=source)
        self._send(self._settings.dead_letter_topic, 0, key, value, letter.kafka_headers())
        return letter

    def foreign(self, value: bytes) -> None:
        """Send a record that is not gistream's to the output topic."""
        self._send(self._settings.output_topic, 0, b"k", value, [])

    def many(self, number: int, a_second: int) -> list[Summary]:
        """Send summaries of documents that are nowhere, so many a second, and return them."""
        sent, begin = [], time.monotonic()
        for offset in range(number):
            while (ahead := begin + offset / a_second - time.monotonic()) > 0:
                time.sleep(ahead)
            now = int(time.time() * 1000)
            made = summary_of(Source(topic="elsewhere", partition=0, offset=offset, timestamp=now), "It burned. " * 20)
            self._producer.send(self._settings.output_topic, key=made.id.encode(), value=made.to_json())
            sent.append(made)
        self._producer.flush(timeout=60)
        return sent

    def _send(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes | None]],
    ) -> Source:
        sent = self._producer.send(topic, key=key, value=value, headers=headers, partition=partition)
        place = sent.get(timeout=30)
        return Source(topic=topic, partition=partition, offset=place.offset, timestamp=place.timestamp)


@contextmanager
def result_topics(settings: Settings) -> Iterator[ResultTopics]:
    """Yield a writer of results for as long as the context lasts."""
    topics = ResultTopics(settings)
    try:
        yield topics
    finally:
        topics.close()
