"""Records that are lost stop a query with their offsets; a user who accepts that goes on, and `verify` stays right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from installation import Send, document, read_topic
from kafka import KafkaAdminClient, TopicPartition
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from streaming.errors import CheckpointError, GistreamError, TopicError
from streaming.messages import Summary
from streaming.operations.verify.verify import Account, verify
from streaming.settings import Settings
from streaming.spark.acceptance import accept_losses
from streaming.spark.prepare import Plan


def documents(start: int, end: int) -> list[tuple[bytes, bytes]]:
    return [(f"d{n}".encode(), document(f"Text {n}.")) for n in range(start, end)]


def ids(settings: Settings) -> set[str]:
    return {Summary.model_validate_json(record.value).id for record in read_topic(settings, settings.output_topic)}


def account(settings: Settings) -> Account:
    return verify(settings, archive=None, on_record=lambda: None)


def delete_records(settings: Settings, partition: int, before: int) -> None:
    client = KafkaAdminClient(bootstrap_servers=settings.servers)
    client.delete_records({TopicPartition(settings.input_topic, partition): before})
    client.close()


def delete_topic(settings: Settings) -> None:
    client = KafkaAdminClient(bootstrap_servers=settings.servers)
    client.delete_topics([settings.input_topic])
    client.close()


def refused(spark: SparkSession, plan: Plan, kind: type[GistreamError]) -> str:
    with pytest.raises(kind) as error:
        drain(spark, plan)
    assert type(error.value) is kind
    return str(error.value)


def test_records_that_retention_deleted_are_named_and_given_up_when_a_user_says_so(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan(partitions=1)
    send(*documents(0, 4))
    drain(spark, ready)
    send(*documents(4, 12))
    delete_records(settings, 0, 9)
    sentence = refused(spark, plan(), TopicError)
    assert f"{settings.input_topic}-0 offsets 4 to 8" in sentence
    assert "`gistream run --accept-loss`" in sentence
    accepted = plan()
    given_up, kept = accept_losses(accepted)
    assert given_up == f"given up: {settings.input_topic}-0 offsets 4 to 8 (expired); goes on at offset 9"
    copy = Path(kept.rpartition(" ")[2])
    assert json.loads((copy / "offsets" / "0").read_text().splitlines()[-1]) == {settings.input_topic: {"0": 4}}
    assert accept_losses(accepted) == []
    drain(spark, accepted)
    assert ids(settings) == {"d0", "d1", "d2", "d3", "d9", "d10", "d11"}
    after = account(settings)
    assert (after.missing_records, after.twice, after.unread) == (0, 0, 0)
    assert [loss.partition(": ")[2] for loss in after.given_up] == [
        f"{settings.input_topic}-0 offsets 4 to 8 (expired)"
    ]


def test_a_topic_that_was_created_again_is_read_from_its_beginning_into_new_outputs(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan()
    send(*documents(0, 6))
    [batch] = drain(spark, ready)
    ends = json.loads(batch.end_offsets)[settings.input_topic]
    delete_topic(settings)
    again = plan()
    # As many as the old topic had and more: Spark alone would pass over the first ones.
    send(*documents(10, 40))
    sentence = refused(spark, again, CheckpointError)
    assert all(f"{settings.input_topic}-{number} from offset {end} on" in sentence for number, end in ends.items())
    flags = f"--output-topic {settings.output_topic}-2 --dead-letter-topic {settings.dead_letter_topic}-2"
    assert f"`gistream run --accept-loss {flags}`" in sentence
    with pytest.raises(CheckpointError, match="--accept-loss --output-topic"):
        accept_losses(again)
    with pytest.raises(CheckpointError, match="--accept-loss --output-topic"):
        accept_losses(plan(output_topic=f"{settings.output_topic}-2"))
    outputs = {"output_topic": f"{settings.output_topic}-2", "dead_letter_topic": f"{settings.dead_letter_topic}-2"}
    moved = plan(**outputs)
    assert len(accept_losses(moved)) == 3
    drain(spark, moved)
    assert ids(moved.settings) == {f"d{n}" for n in range(10, 40)}
    after = account(moved.settings)
    assert (after.records, after.missing_records, after.twice) == (30, 0, 0)
    assert len(after.given_up) == 2
    # Readers would take results of the new topic for repeats of old ones.
    assert "may not write to" in refused(spark, plan(), CheckpointError)
    drain(spark, plan(**outputs))


def test_partitions_of_other_topics_go_on_where_they_were(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    from kafka import KafkaProducer

    both = {"input_topic": f"{settings.input_topic},{settings.input_topic}-b"}
    ready = plan(partitions=1, **both)
    producer = KafkaProducer(bootstrap_servers=settings.servers)

    def send_to_b(start: int, end: int) -> None:
        for key, value in documents(start, end):
            producer.send(f"{settings.input_topic}-b", key=key, value=value)
        producer.flush()

    send(*documents(0, 3))
    send_to_b(100, 103)
    drain(spark, ready)
    delete_topic(settings)
    outputs = {"output_topic": f"{settings.output_topic}-2", "dead_letter_topic": f"{settings.dead_letter_topic}-2"}
    plan(partitions=1, **both)
    send(*documents(10, 12))
    send_to_b(103, 105)
    moved = plan(partitions=1, **both, **outputs)
    accept_losses(moved)
    drain(spark, moved)
    producer.close()
    assert ids(moved.settings) == {"d10", "d11", "d103", "d104"}
    after = account(moved.settings)
    # What topic b had before has its results on the old outputs.
    assert (after.records, after.missing_records, after.twice) == (4, 0, 0)


def test_a_topic_that_is_created_again_while_the_query_runs_is_noticed_after_the_next_batch(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    from streaming.spark.topic_check import check_topics

    ready = plan(partitions=1)
    send(*documents(0, 3))
    drain(spark, ready)
    check_topics(ready)
    delete_topic(settings)
    with pytest.raises(TopicError, match=rf"was deleted while the query ran.*{settings.input_topic}-0 from offset 3"):
        check_topics(ready)
    plan(partitions=1)
    with pytest.raises(CheckpointError, match="deleted and created again"):
        check_topics(ready)
