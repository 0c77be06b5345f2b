"""What a query leaves in Kafka, without Spark and without a model: documents, results, a heartbeat with its offsets."""

from __future__ import annotations

import time
from types import TracebackType

import made_up_results as made_up
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from streaming.kafka.topics import Admin
from streaming.messages import DeadLetter, Heartbeat, QueryActivity, Source, Summary
from streaming.settings import Settings


class MadeUpQuery:
    """Documents and their results on the topics of `settings`, which are created, and on one more, `shadow`."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.shadow = settings, f"{settings.output_topic}-concise"
        for topics in (settings, settings.model_copy(update={"output_topic": self.shadow})):
            with Admin(topics) as admin:
                admin.ensure()
        self.producer = KafkaProducer(bootstrap_servers=settings.servers, linger_ms=0)
        self._group = KafkaConsumer(
            bootstrap_servers=settings.servers, group_id=settings.group_id, enable_auto_commit=False
        )
        self._started_at = time.time()

    def __enter__(self) -> MadeUpQuery:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.producer.close(timeout=5)
        self._group.close()

    def produce(self, value: bytes, key: bytes | None = None) -> Source:
        """Send a document; returns where it is."""
        sent = self.producer.send(self.settings.input_topic, key=key, value=value).get(timeout=30)
        return Source(topic=sent.topic, partition=sent.partition, offset=sent.offset, timestamp=sent.timestamp)

    def summarize(self, number: int) -> Summary:
        """Send the document of a number and its summary."""
        result = made_up.summary(number, self.produce(made_up.document(number)))
        self.send(result)
        return result

    def send(self, result: Summary, topic: str | None = None) -> None:
        """Send a summary, to the output topic or to another one, and wait until Kafka has it."""
        topic = topic or self.settings.output_topic
        self.producer.send(topic, key=result.id.encode(), value=result.to_json()).get(timeout=30)

    def fail(self, value: bytes, key: bytes = b"note-7") -> DeadLetter:
        """Send a document and its dead letter."""
        source = self.produce(value, key)
        letter = made_up.dead_letter(source, value=value).model_copy(update={"key": key})
        self.producer.send(self.settings.dead_letter_topic, key=key, value=value, headers=letter.kafka_headers()).get(
            timeout=30
        )
        return letter

    def beat(self, doing: QueryActivity = "idle", *, progress_at: float | None = None) -> None:
        """Commit the ends of all partitions with a heartbeat."""
        now = time.time()
        beat = Heartbeat(
            checkpoint="made up", doing=doing, sent_at=now, started_at=self._started_at,
            progress_at=now if progress_at is None else progress_at, stuck_after=60, batch=3, batch_records=24,
            batch_seconds=41.5,
        )  # fmt: skip
        names = [
            TopicPartition(self.settings.input_topic, number)
            for number in self._group.partitions_for_topic(self.settings.input_topic)
        ]
        self._group.commit(
            {name: OffsetAndMetadata(end, beat.to_text(), -1) for name, end in self._group.end_offsets(names).items()}
        )
