"""The connection of the publisher to Kafka: the one place where its client is made and closed."""

from __future__ import annotations

from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from streaming.access import checked_options
from streaming.errors import BrokerError, no_answer, reason
from streaming.settings import MIB, Settings

_CONNECT_MS = 10_000
# How long a document may wait for its acknowledgement: Kafka's own default.
_DELIVERY_MS = 120_000
# How long a document waits for others to share its request.
LINGER_MS = 5
# Short documents share a request of up to so many bytes: 100,000 of 200 bytes cost 1.6 s of processor time, 2.7 with
# the client's 16 KiB (measurements.md, producing).
_BATCH_BYTES = 128 * 1024
# On chapters, articles and notes zstd packs as well as gzip (0.36 to 0.44 of the bytes; lz4 0.56 to 0.67), at 190 to
# 260 MB/s instead of 17 to 47; lz4 has 450 to 490. A document of 200 bytes costs 1 µs for it, and 25 µs or more in all.
COMPRESSION = "zstd"


def connect(settings: Settings) -> KafkaProducer:
    """Return a connected client; raises `BrokerError`."""
    servers, options = settings.servers, checked_options(settings)
    delivery = int(settings.kafka.get("delivery.timeout.ms", _DELIVERY_MS))
    try:
        return KafkaProducer(
            bootstrap_servers=servers.split(","),
            **{
                "client_id": "gistream-producer",
                "acks": "all",
                # A misspelt name must not become a topic, nor a right one become a topic of Kafka's small limits.
                "allow_auto_create_topics": False,
                "enable_idempotence": True,
                "compression_type": COMPRESSION,
                "linger_ms": LINGER_MS,
                "batch_size": _BATCH_BYTES,
                # A document may not be given up before a request for it may.
                "delivery_timeout_ms": max(delivery, LINGER_MS + options.get("request_timeout_ms", 0)),
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


def topic_id(producer: KafkaProducer, topic: str) -> str:
    """Return the id that Kafka gave a topic when it was created; raises kafka-python's `KafkaTimeoutError`."""
    producer.partitions_for(topic)
    # The client learns it with the partitions, and has no public way to tell it.
    return str(producer._metadata.topic_id(topic))


def close(producer: KafkaProducer) -> None:
    """Wait up to ten seconds for what is in flight, then end the client and its thread."""
    try:
        producer.close(timeout=10)
    except KafkaTimeoutError:
        # Kafka is away: the client gave up closing, and has no public way to end without an answer.
        producer._sender.force_close()
