"""What Spark counts of the results is what the results themselves say, for every sink and way of running a batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from installation import Send, document, read_topic
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from streaming.messages import STATUSES, Record, Source
from streaming.pipeline.reasons import OTHER, REASONS
from streaming.spark.apart.record_batch import run_records
from streaming.spark.counting import SECONDS_BOUNDS, Tally
from streaming.spark.prepare import Plan
from streaming.spark.query import hold_checkpoint
from streaming.spark.watch import Batch, StopRequest

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."
GOOD = [(f"d{n}".encode(), document(f"{STORY} It was number {n}.")) for n in range(6)]
BAD = [(b"x", b"{"), (b"y", b'{"body": 1}'), (b"z", document("This must fail."))]
DELETED = (b"d1", None)


def check(tally: Tally, summaries: list[dict[str, Any]]) -> None:
    """Check the counts of a run against its summaries, of which all were generated."""
    assert tally.statuses == tuple(sum(s["status"] == status for s in summaries) for status in STATUSES)
    assert sum(tally.statuses) == len(GOOD)
    failures = {reason: number for reason, number in zip(REASONS, tally.failures, strict=True) if number}
    # The fake engine fails with a type that gistream itself never has.
    assert failures == {("decode", "InvalidJson"): 1, ("decode", "NoText"): 1, ("summarize", OTHER): 1}
    assert (tally.deletions, tally.reused) == (1, 0)
    assert tally.prompt_tokens == sum(s["tokens"]["prompt"] for s in summaries) > 0
    assert tally.completion_tokens == sum(s["tokens"]["completion"] for s in summaries) > 0
    assert tally.seconds == pytest.approx(sum(s["seconds"] for s in summaries))
    within = [sum(s["seconds"] <= bound for s in summaries) for bound in SECONDS_BOUNDS]
    assert list(tally.seconds_within) == [*within, len(summaries)]


def sum_of(batches: Sequence[Batch]) -> Tally:
    return reduce(add, (batch.tally for batch in batches))


def on_topic(ready: Plan) -> list[dict[str, Any]]:
    records = read_topic(ready.settings, ready.settings.output_topic)
    return [json.loads(record.value) for record in records if record.value is not None]


def test_counts_on_the_way_to_kafka(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    ready = plan(seconds=0.1, batch_documents=4)
    send(*GOOD, *BAD, DELETED)
    batches = drain(spark, ready)
    assert len(batches) > 1
    check(sum_of(batches), on_topic(ready))


def test_counts_on_the_way_to_parquet(spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path) -> None:
    ready = plan(seconds=0.1, sink=(f"parquet={tmp_path / 'out'}",))
    send(*GOOD, *BAD, DELETED)
    batches = drain(spark, ready)
    check(sum_of(batches), ds.dataset(tmp_path / "out" / "summaries", partitioning="hive").to_table().to_pylist())


def test_counts_of_a_batch_that_runs_apart(spark: SparkSession, plan: MakePlan, send: Send) -> None:
    ready = plan(seconds=0.1, partitions=1)
    send(*GOOD, *BAD, DELETED)
    records = [
        Record(r.key, r.value, r.headers, Source(topic=r.topic, partition=0, offset=r.offset, timestamp=r.timestamp))
        for r in read_topic(ready.settings, ready.settings.input_topic)
    ]
    with hold_checkpoint(ready) as checkpoint_id:
        batch = run_records(
            spark, ready, checkpoint_id, [records], 0, unproven=False, stop=StopRequest(), on_look=lambda _look: None
        )
    check(batch.tally, on_topic(ready))


def test_summaries_from_the_store_have_no_seconds_and_no_tokens(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path
) -> None:
    first = plan(store=str(tmp_path / "store"))
    send(*GOOD)
    drain(spark, first)
    again = plan(store=str(tmp_path / "store"), query="again", checkpoint=str(tmp_path / "again"))
    tally = sum_of(drain(spark, again))
    assert (sum(tally.statuses), tally.reused) == (len(GOOD), len(GOOD))
    assert (tally.prompt_tokens, tally.completion_tokens, tally.seconds, tally.seconds_within[-1]) == (0, 0, 0, 0)
