"""`gistream verify` accounts for every record, and names what is missing or doubled."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from installation import Send, document, read_topic
from kafka import KafkaProducer
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from streaming.archive import ArchiveLocation
from streaming.errors import CheckpointError
from streaming.operations.offset_range import Bound
from streaming.operations.verify.verify import Account, verify
from streaming.settings import Settings


def account(settings: Settings, archive: Path | None = None, start: Bound = None) -> Account:
    location = ArchiveLocation(str(archive)) if archive is not None else None
    return verify(settings, archive=location, bounds=(start, None), on_record=lambda: None)


def test_every_record_is_accounted_for_and_what_is_missing_or_twice_is_named(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan()
    producer = KafkaProducer(bootstrap_servers=settings.servers, transactional_id=settings.query)
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(settings.input_topic, key=b"t", value=document("Of an aborted transaction."))
    producer.flush()
    producer.abort_transaction()
    sent = send(
        *[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(8)],
        (b"bad", b"{}"),
        (b"d1", None),
        (b"d2", b"x"),
        (b"nobody", None),
    )
    with pytest.raises(CheckpointError, match="has committed nothing yet"):
        account(ready.settings)
    drain(spark, ready)
    whole = account(ready.settings)
    assert (whole.records, whole.summaries, whole.dead_letters, whole.deletions) == (len(sent), 9, 1, 2)
    unmet = sent[-1]
    assert whole.unmet_positions == [f"{settings.input_topic}-{unmet[0]} offset {unmet[1]}"]
    assert whole.unmet == 1
    assert (whole.missing_records, whole.twice, whole.unread) == (0, 0, 0)
    record = next(r for r in read_topic(settings, settings.output_topic) if r.value is not None)
    producer.begin_transaction()
    producer.send(settings.output_topic, key=record.key, value=record.value, partition=record.partition)
    for foreign in (
        b"somebody else's",
        b"\xff",
        b"[]",
        b'{"source": null}',
        b'{"source": {"topic": 1}, "recipe": "r"}',
    ):
        producer.send(settings.output_topic, key=b"x", value=foreign)
    producer.flush()
    producer.commit_transaction()
    producer.close()
    send((b"late", document("After the last commit.")))
    again = account(ready.settings)
    assert (again.twice, len(again.doubled), again.missing_records, again.unread) == (1, 1, 0, 1)
    without = account(ready.settings.model_copy(update={"output_topic": settings.dead_letter_topic}))
    assert without.missing_records == len(sent) - 1
    assert without.missing[0].startswith(f"{settings.input_topic}-")
    later = account(ready.settings, start=int(time.time() * 1000) + 60_000)
    assert (later.records, later.missing_records) == (0, 0)


def test_an_archive_is_accounted_for_like_the_topics(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path
) -> None:
    ready = plan(sink=(f"parquet={tmp_path / 'out'}",))
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(5)], (b"bad", b"{}"), (b"d1", None), (b"no", None))
    drain(spark, ready)
    found = account(ready.settings, tmp_path / "out")
    assert (found.records, found.summaries, found.dead_letters, found.deletions) == (8, 5, 1, 2)
    assert (found.missing_records, found.twice, found.unmet) == (0, 0, 1)
    [lost] = (tmp_path / "out").glob("dead_letters/*/*.parquet")
    lost.unlink()
    assert account(ready.settings, tmp_path / "out").missing_records == 1
