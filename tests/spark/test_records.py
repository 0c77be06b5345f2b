"""Records as strangers send them: none of them stops the query, and none is lost in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from installation import Send, document, read_topic
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain, drain_and_archive

from consumers.tail import Tail
from streaming.errors import UsageError
from streaming.kafka.topics import Admin
from streaming.messages import DeadLetter, Deletion, Summary
from streaming.settings import Settings
from streaming.spark import query
from streaming.spark.apart import batch_apart
from streaming.spark.look import Look
from streaming.spark.watch import Batch

NANOSECONDS = 1_764_300_000_000_000_000


def results(settings: Settings) -> dict[str, Summary]:
    records = read_topic(settings, settings.output_topic)
    return {s.id: s for s in (Summary.model_validate_json(record.value) for record in records if record.value)}


def letters(settings: Settings) -> list[DeadLetter]:
    records = read_topic(settings, settings.dead_letter_topic)
    return [DeadLetter.from_record(record.key, record.value, record.headers) for record in records]


@pytest.mark.parametrize("texts", [["bdy", "bdy", "bdy"], ["bdy"] * 7])
def test_a_misspelt_field_stops_a_new_query_before_it_commits_anything(
    spark: SparkSession, plan: MakePlan, send: Send, texts: list[str]
) -> None:
    ready = plan(field={"text": "bdy"})
    send(*[(f"d{n}".encode(), json.dumps({"body": "A text.", "no": n}).encode()) for n, _ in enumerate(texts)])
    with pytest.raises(UsageError, match=r"None of the first \d records.*NoText: .*no 'bdy'; it has body, no"):
        drain(spark, ready)
    assert letters(ready.settings) == []
    assert not list(Path(ready.settings.checkpoint_location, "commits").glob("[0-9]*"))
    drain(spark, plan(field={"text": "body"}))
    assert len(results(ready.settings)) == len(texts)


def test_records_that_cannot_be_read_do_not_stop_a_query_that_could_read_others(
    spark: SparkSession, plan: MakePlan, send: Send
) -> None:
    ready = plan(partitions=1)
    send((b"a", document("A text.")))
    drain(spark, ready)
    send(*[(b"b", b'{"body": "elsewhere"}')] * 4)
    [batch] = drain(spark, ready)
    assert (batch.dead_letters, batch.reason) == (4, "NoText: the JSON object has no 'text'; it has body")


def test_another_way_of_reading_is_proven_again(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    ready = plan(partitions=1)
    send((b"a", document("A text.")))
    drain(spark, ready)
    send(*[(b"b", document("Another text."))] * 3)
    with pytest.raises(UsageError, match="no 'bdy'"):
        drain(spark, plan(field={"text": "bdy"}))
    assert [batch.dead_letters for batch in drain(spark, plan(field={"text": "bdy"}, skip_unreadable=True))] == [3]


def test_deletions_and_documents_that_none_would_find_are_counted(
    spark: SparkSession, plan: MakePlan, send: Send
) -> None:
    ready = plan(partitions=1)
    send(
        (b'{"id":4711}', document("The mill.", id=4711)),
        (b"other", document("The ferry.", id="b")),
        (b"\x00\xff", b"The third text."),
        (b'{"id":4711}', None),
        (b"\x00\xff", None),
        (b"nobody", None),
    )
    [batch] = drain(spark, ready)
    assert (batch.records, batch.deletions, batch.undeletable, batch.dead_letters) == (6, 3, 1, 0)
    reader = Tail(ready.settings)
    reader.seek("earliest")
    found = [message for message in reader.read(until_end=True) if isinstance(message, Deletion)]
    reader.close()
    assert sorted((deletion.id, deletion.met) for deletion in found) == [
        ("00ff", True), ("4711", True), ("nobody", False),
    ]  # fmt: skip


def test_the_lag_is_nothing_when_nothing_is_left_after_aborted_transactions(
    spark: SparkSession, plan: MakePlan, settings: Settings
) -> None:
    ready = plan(partitions=1, batch_documents=4)
    producer = KafkaProducer(bootstrap_servers=settings.servers, transactional_id=settings.query)
    producer.init_transactions()
    for committed in (True, False, True, False):
        producer.begin_transaction()
        for number in range(1 if committed else 20):
            producer.send(settings.input_topic, key=b"%d" % number, value=document(f"Text {number}."))
        producer.flush()
        if committed:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    producer.close()
    batches = drain(spark, ready)
    assert sum(batch.records for batch in batches) == 2
    assert lag(settings) == 0


def test_the_lag_of_a_new_query_is_nothing_when_all_records_are_gone(
    spark: SparkSession, plan: MakePlan, settings: Settings, send: Send
) -> None:
    ready = plan(partitions=1)
    send(*[(b"d%d" % n, document(f"Text {n}.")) for n in range(3)])
    admin = KafkaAdminClient(bootstrap_servers=settings.servers)
    admin.delete_records({TopicPartition(settings.input_topic, 0): 3})
    admin.close()
    assert drain(spark, ready) == []
    assert lag(settings) == 0


def test_records_of_an_open_transaction_are_counted_until_it_ends(
    spark: SparkSession, plan: MakePlan, settings: Settings
) -> None:
    ready = plan(partitions=1)
    producer = KafkaProducer(bootstrap_servers=settings.servers, transactional_id=settings.query)
    producer.init_transactions()
    producer.begin_transaction()
    for number in range(3):
        producer.send(settings.input_topic, key=b"%d" % number, value=document(f"Text {number}."))
    producer.flush()
    assert drain(spark, ready) == []
    with Admin(settings) as admin:
        assert admin.uncommitted(ready.inputs) == 3
        producer.commit_transaction()
        producer.close()
        assert sum(batch.records for batch in drain(spark, ready)) == 3
        assert admin.uncommitted(ready.inputs) == 0


def lag(settings: Settings) -> int:
    consumer = KafkaConsumer(bootstrap_servers=settings.servers, group_id=settings.group_id, enable_auto_commit=False)
    partitions = [TopicPartition(settings.input_topic, n) for n in consumer.partitions_for_topic(settings.input_topic)]
    ends = consumer.end_offsets(partitions)
    left = sum(ends[partition] - (consumer.committed(partition) or 0) for partition in partitions)
    consumer.close(autocommit=False)
    return left


def accept_any_time(settings: Settings, topic: str) -> None:
    """Let a topic take records of any time, as Kafka did before version 4."""
    admin = KafkaAdminClient(bootstrap_servers=settings.servers)
    limits = {"message.timestamp.after.max.ms": str(2**63 - 1)}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=limits)])
    admin.close()


def test_records_stamped_in_nanoseconds_are_summarized_like_all_others(
    spark: SparkSession, plan: MakePlan, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = plan(partitions=1, batch_documents=2)
    apart: list[Look] = []

    def run_batch_apart(*args: Any, on_look: Callable[[Look], None], **options: Any) -> Batch:
        return batch_apart.run_batch_apart(*args, **options, on_look=lambda look: on_look(look) or apart.append(look))

    monkeypatch.setattr(query, "run_batch_apart", run_batch_apart)
    accept_any_time(settings, settings.input_topic)
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    times = [None, NANOSECONDS, None, NANOSECONDS // 1000, NANOSECONDS, NANOSECONDS, None]
    for number, time in enumerate(times):
        producer.send(settings.input_topic, key=b"d%d" % number, value=document(f"Text {number}."), timestamp_ms=time)
    producer.flush()
    producer.close()
    looks: list[Look] = []
    batches = drain(spark, ready, looks)
    assert sum(batch.records for batch in batches) == len(times)
    # A micro-batch that runs apart is seen at work, too; without looks it would be taken for stuck.
    assert apart
    assert {(look.doing, look.total <= 2) for look in apart} == {("working", True)}
    assert all(look in looks for look in apart)
    stamped = {id: s.source.timestamp for id, s in results(settings).items() if s.source}
    assert set(stamped) == {f"d{n}" for n in range(len(times))}
    assert stamped["d1"] == stamped["d4"] == NANOSECONDS
    assert stamped["d3"] == NANOSECONDS // 1000
    assert lag(settings) == 0


def test_a_foreign_record_stamped_in_nanoseconds_does_not_stop_the_archive(
    spark: SparkSession, plan: MakePlan, settings: Settings, send: Send, tmp_path: Path
) -> None:
    ready = plan(partitions=1, sink=("kafka", f"parquet={tmp_path / 'out'}"))
    accept_any_time(settings, settings.output_topic)
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    producer.send(settings.output_topic, key=b"x", value=b"somebody else's", timestamp_ms=NANOSECONDS)
    producer.flush()
    producer.close()
    send((b"a", document("A text.")))
    drain_and_archive(spark, ready)
    rows = ds.dataset(tmp_path / "out" / "summaries", partitioning="hive").to_table()
    assert rows["id"].to_pylist() == ["a"]
