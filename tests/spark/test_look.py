"""How far the running micro-batch is, as Spark counts it, with every sink."""

from __future__ import annotations

from pathlib import Path

import pytest
from installation import Send, document
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from streaming.spark.look import Look


@pytest.mark.parametrize("to_kafka", [True, False])
def test_a_running_batch_says_how_many_of_its_documents_are_done(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path, *, to_kafka: bool
) -> None:
    sink = ("kafka",) if to_kafka else (f"parquet={tmp_path / 'archive'}",)
    ready = plan(seconds=0.8, partitions=1, batch_documents=6, sink=sink)
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(12)])
    looks: list[Look] = []
    batches = drain(spark, ready, looks)
    assert [batch.records for batch in batches] == [6, 6]
    counts = [(look.done, look.total) for look in looks if look.doing == "working" and look.total]
    # The first batch of a new query, and the next one.
    assert {total for _, total in counts} == {6}
    assert len({done for done, _ in counts} - {0, 6}) >= 2
    first = counts[: next(index for index, (done, _) in enumerate(counts) if index and done < counts[index - 1][0])]
    assert [done for done, _ in first] == sorted(done for done, _ in first)
