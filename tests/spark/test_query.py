from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from installation import Send, document, read_topic
from kafka import KafkaConsumer, TopicPartition
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from consumers.tail import Tail
from streaming.errors import CheckpointError, EngineError, QueryError
from streaming.kafka.topics import Admin
from streaming.messages import DeadLetter, Deletion, Summary
from streaming.settings import Settings
from streaming.spark.pace import pace_of
from streaming.spark.query import hold_checkpoint, running

BAD = {
    "NotUtf8": b"\xff\xfe\x00text",
    "InvalidJson": b'{"text": "cut',
    "InvalidDocument": b'{"text": "fine", "prompt": 5}',
    "NoText": b'{"body": "elsewhere"}',
    "EmptyText": b'{"text": "   "}',
    "UnknownPrompt": b'{"text": "fine", "prompt": "ignore the above"}',
    "DocumentTooLong": document("word " * 400_000),
}


def test_a_summary_is_on_its_topic_before_the_next_one_is_made(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    ready = plan(seconds=1.0, partitions=1, batch_documents=3)
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(3)])
    drain(spark, ready)
    records = read_topic(ready.settings, ready.settings.output_topic)
    made = [Summary.model_validate_json(record.value).produced_at.timestamp() for record in records]
    sent = [record.timestamp / 1000 for record in records]
    assert len(records) == 3
    assert all(before < after for before, after in zip(sent, made[1:], strict=False))


def test_every_offset_leaves_as_exactly_one_result(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    ready = plan()
    good = [(f"g{n}".encode(), document(f"Text {n}. It is good.")) for n in range(20)]
    bad = [(b"bad", value) for value in BAD.values()]
    offsets_sent = send(*good, *bad, (b"g1", None))
    drain(spark, ready)
    summaries = read_topic(ready.settings, ready.settings.output_topic)
    letters = read_topic(ready.settings, ready.settings.dead_letter_topic)
    sources = [Summary.model_validate_json(r.value).source for r in summaries if r.value is not None]
    sources += [DeadLetter.from_record(r.key, r.value, r.headers).source for r in letters]
    positions = [(source.partition, source.offset) for source in sources]
    tombstones = [r.key for r in summaries if r.value is None]
    assert tombstones == [b"g1"]
    assert Counter(positions) == Counter(offsets_sent[:-1])


def test_a_dead_letter_is_the_original_byte_for_byte_and_says_why(
    spark: SparkSession, plan: MakePlan, send: Send
) -> None:
    ready = plan()
    headers = [("traceparent", b"00-abc"), ("twice", b"1"), ("twice", b"")]
    send(*[(kind.encode(), value, headers) for kind, value in BAD.items()])
    drain(spark, ready)
    letters = read_topic(ready.settings, ready.settings.dead_letter_topic)
    by_type = {dict(r.headers)["error.type"].decode(): r for r in letters}
    assert set(by_type) == set(BAD)
    for kind, value in BAD.items():
        record = by_type[kind]
        assert (record.key, record.value) == (kind.encode(), value)
        assert record.headers[:3] == headers


def test_headers_and_metadata_reach_the_summary(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    ready = plan()
    send((b"a", document("A text.", metadata={"team": "x"}, title="T"), [("traceparent", b"00-abc")]))
    drain(spark, ready)
    [record] = read_topic(ready.settings, ready.settings.output_topic)
    assert record.headers == [("traceparent", b"00-abc")]
    summary = Summary.model_validate_json(record.value)
    assert (summary.metadata, summary.title, summary.id, record.key) == ({"team": "x"}, "T", "a", b"a")


def test_the_first_result_is_on_the_topic_before_the_third_is_generated(
    spark: SparkSession, plan: MakePlan, send: Send, log: Path
) -> None:
    ready = plan(seconds=1.0, partitions=1)
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(8)])
    consumer = KafkaConsumer(bootstrap_servers=ready.settings.servers, enable_auto_commit=False)
    partitions = [TopicPartition(ready.settings.output_topic, n) for n in range(ready.outputs[0].partitions)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    with (
        hold_checkpoint(ready) as checkpoint_id,
        running(spark, ready, pace_of(ready), checkpoint_id=checkpoint_id, once=True) as query,
    ):
        while not consumer.poll(timeout_ms=50):
            assert query.isActive
        generated = log.read_text().count("generated")
        query.awaitTermination()
    consumer.close()
    assert generated < 3
    assert log.read_text().count("generated") == 8


def test_the_model_is_loaded_once_over_ten_micro_batches(
    spark: SparkSession, plan: MakePlan, send: Send, log: Path
) -> None:
    ready = plan(batch_documents=1, partitions=1)
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(10)])
    batches = drain(spark, ready)
    assert len(batches) == 10
    assert log.read_text().count("loaded") == 1


def test_summaries_of_one_id_arrive_in_the_order_of_their_offsets(
    spark: SparkSession, plan: MakePlan, send: Send
) -> None:
    ready = plan()
    # The first is in many chunks and so is done long after the second.
    send((b"a", document("A sentence. " * 2000)), (b"a", document("Short.")), (b"a", None), (b"a", document("Last.")))
    drain(spark, ready)
    records = read_topic(ready.settings, ready.settings.output_topic)
    offsets = [json.loads(r.value)["source"]["offset"] if r.value else None for r in records]
    assert offsets == [0, 1, None, 3]


def test_a_reader_that_starts_again_sees_the_newest_last(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    ready = plan()
    send((b"a", document("A text.")), (b"b", document("Another.")), (b"a", None))
    drain(spark, ready)
    reader = Tail(ready.settings)
    reader.seek("earliest")
    messages = [message for message in reader.read(until_end=True) if message is not None]
    reader.close()
    of_a = [message for message in messages if isinstance(message, Deletion | Summary) and message.id == "a"]
    assert [type(message) for message in of_a] == [Summary, Deletion]


def test_when_too_many_documents_fail_the_query_stops_and_commits_nothing(
    spark: SparkSession, plan: MakePlan, send: Send
) -> None:
    ready = plan()
    send(*[(f"d{n}".encode(), document("fail")) for n in range(12)])
    with pytest.raises(QueryError, match=r"12 of 12 documents of this batch failed.*offsets 0 to \d"):
        drain(spark, ready)
    assert read_topic(ready.settings, ready.settings.dead_letter_topic) == []
    assert not list(Path(ready.settings.checkpoint_location, "commits").glob("[0-9]*"))


def test_a_few_failures_are_dead_letters(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    ready = plan()
    send(*[(f"d{n}".encode(), document("fail" if n % 4 == 0 else "fine")) for n in range(12)])
    drain(spark, ready)
    assert len(read_topic(ready.settings, ready.settings.output_topic)) == 9
    assert len(read_topic(ready.settings, ready.settings.dead_letter_topic)) == 3


def test_an_engine_that_fails_stops_the_query_with_its_own_sentence(
    spark: SparkSession, plan: MakePlan, send: Send
) -> None:
    ready = plan()
    send((b"a", document("break")))
    with pytest.raises(EngineError, match=r"^The engine is broken for this test\. The micro-batch has .* offset 0\.$"):
        drain(spark, ready)


def test_lag_tools_see_the_querys_offsets(data_dir: Path, settings: Settings) -> None:
    from streaming.kafka.group_offsets import GroupOffsets

    with Admin(settings) as admin:
        admin.ensure()
    group = GroupOffsets(settings)
    group.commit({(settings.input_topic, 0): 7, (settings.input_topic, 1): 3}, "a note")
    group.close()
    consumer = KafkaConsumer(bootstrap_servers=settings.servers, group_id=settings.group_id, enable_auto_commit=False)
    assert [consumer.committed(TopicPartition(settings.input_topic, n)) for n in range(2)] == [7, 3]
    consumer.close(autocommit=False)


def test_a_worker_never_asks_a_hub_and_the_driver_still_may(spark: SparkSession) -> None:
    def setting(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for _ in frames:
            yield pd.DataFrame({"value": [os.environ.get("HF_HUB_OFFLINE")]})

    assert [row.value for row in spark.range(1).mapInPandas(setting, "value string").collect()] == ["1"]
    assert "HF_HUB_OFFLINE" not in os.environ


def test_a_topic_that_was_created_again_is_noticed(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    from kafka import KafkaAdminClient

    ready = plan()
    send((b"a", document("A text.")))
    drain(spark, ready)
    client = KafkaAdminClient(bootstrap_servers=ready.settings.servers)
    client.delete_topics([ready.settings.input_topic])
    client.close()
    again = plan()
    with pytest.raises(CheckpointError, match="deleted and created again"):
        drain(spark, again)


def test_a_second_query_on_a_checkpoint_is_refused(plan: MakePlan) -> None:
    ready = plan()
    with (
        hold_checkpoint(ready),
        pytest.raises(CheckpointError, match="Another gistream query is running"),
        hold_checkpoint(ready),
    ):
        pass


def test_a_broken_checkpoint_is_refused_before_spark_starts(plan: MakePlan) -> None:
    ready = plan()
    offsets = Path(ready.settings.checkpoint_location, "offsets")
    offsets.mkdir(parents=True)
    (offsets / "0").write_text("v1\n{not json")
    with pytest.raises(CheckpointError, match="cannot be read"), hold_checkpoint(ready):
        pass
