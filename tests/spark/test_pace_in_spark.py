"""The pace in a running stream: Spark takes another size between two micro-batches."""

from __future__ import annotations

from installation import Send, document
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from streaming.spark.pace import pace_of


def test_fast_documents_come_in_larger_micro_batches_and_a_restart_begins_with_them(
    spark: SparkSession, plan: MakePlan, send: Send
) -> None:
    ready = plan(partitions=1)
    first = pace_of(ready).documents
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(12 * first)])
    sizes = [batch.records for batch in drain(spark, ready)]
    assert sizes[0] == first
    assert max(sizes) > 2 * first
    assert sum(sizes) == 12 * first
    assert pace_of(ready).documents > 2 * first
    send(*[(f"e{n}".encode(), document(f"Text {n}.")) for n in range(3 * first)])
    assert drain(spark, plan(partitions=1))[0].records > 2 * first
