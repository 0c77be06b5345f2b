"""Documents that failed, as a query leaves them: the record on its input topic, the dead letter on its own."""

from __future__ import annotations

from kafka import KafkaProducer

from streaming.messages import DeadLetter, Failure, Source
from streaming.settings import Settings


def fail(settings: Settings, *documents: tuple[bytes, bytes], type: str = "DeadlineExceeded") -> None:
    """Send documents, keys and values, and a dead letter for each."""
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    for key, value in documents:
        sent = producer.send(settings.input_topic, key=key, value=value, headers=[("team", b"x")]).get(timeout=30)
        source = Source(
            topic=settings.input_topic, partition=sent.partition, offset=sent.offset, timestamp=sent.timestamp
        )
        failure = Failure(stage="summarize", type=type, message="it took more than 3,600 s")
        letter = DeadLetter(key=key, value=value, headers=[("team", b"x")], error=failure, source=source)
        producer.send(settings.dead_letter_topic, key=key, value=value, headers=letter.kafka_headers())
    producer.close()
