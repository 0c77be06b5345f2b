"""A company's topics may be compressed in their own way: gistream's clients read all of Kafka's ways."""

from __future__ import annotations

from contextlib import closing

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from consumers.tail import Tail
from producers.publisher import publish
from producers.records import ProducerRecord
from streaming.errors import BrokerError, TopicError
from streaming.kafka.records import first_records
from streaming.kafka.topics import Admin
from streaming.messages import DeadLetter, Failure, Source
from streaming.settings import MIB, Settings

SOURCE = Source(topic="documents", partition=0, offset=3, timestamp=0)
# More than a block or a frame of any of the compressions, which have 32 KiB to 1 MiB.
LETTER = DeadLetter(
    key=b"a",
    value=b"Anna saw the mill burn down, and nobody else did. " * 60_000,
    headers=[],
    error=Failure(stage="decode", type="NoText", message="the JSON object has no 'text'"),
    source=SOURCE,
)


@pytest.fixture(params=["zstd", "lz4", "snappy", "gzip", "uncompressed"])
def compressed(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Topics with a compression of their own, which the broker gives to records that arrive in another one."""
    with Admin(settings) as admin:
        admin.ensure()
    client = KafkaAdminClient(bootstrap_servers=settings.servers)
    client.alter_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, topic, configs={"compression.type": request.param})
            for topic in (settings.input_topic, settings.dead_letter_topic)
        ]
    )
    client.close()
    return settings


def test_results_are_read_from_topics_of_any_compression(compressed: Settings) -> None:
    producer = KafkaProducer(bootstrap_servers=compressed.servers, compression_type="gzip", max_request_size=8 * MIB)
    for _ in range(2):
        # The second is a repeat, which a reader leaves out.
        producer.send(compressed.dead_letter_topic, key=LETTER.key, value=LETTER.value, headers=LETTER.kafka_headers())
    producer.close()
    with closing(Tail(compressed, summaries=False, dead_letters=True)) as tail:
        tail.seek("earliest")
        assert [result for result in tail.read(until_end=True) if result is not None] == [LETTER]


def test_documents_are_shown_from_topics_of_any_compression(compressed: Settings) -> None:
    publish(compressed, [ProducerRecord("a", b"a", b'{"text": "Anna saw the mill burn down."}')])
    assert [record.key for record in first_records(compressed, compressed.input_topic, 3)] == [b"a"]


def test_records_that_cannot_be_unpacked_are_one_sentence(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    producer = KafkaProducer(bootstrap_servers=settings.servers, compression_type="lz4")
    producer.send(settings.dead_letter_topic, key=b"a", value=b"x" * 1000)
    producer.close()
    # As when the library is missing.
    monkeypatch.setattr("kafka.codec.lz4", None)
    monkeypatch.setattr("kafka.record.default_records.codecs.has_lz4", lambda: False)
    with closing(Tail(settings, summaries=False, dead_letters=True)) as tail:
        tail.seek("earliest")
        with pytest.raises(TopicError, match=rf"{settings.dead_letter_topic} on .* cannot be read: .*lz4"):
            list(tail.read(until_end=True))
    with pytest.raises(BrokerError, match=r"cannot be read: .*lz4"):
        first_records(settings, settings.dead_letter_topic, 1)
