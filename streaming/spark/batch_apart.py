"""A micro-batch apart: for records that Spark's Kafka source cannot decode, which must not stop the query.

Spark keeps times in microseconds, so it fails on a record that was stamped in nanoseconds, before any code of ours sees
it (KAFKA_MALFORMED_RECORD_TIMESTAMP), and at each start again. Then the planned micro-batch is read by another client
and runs as a job of its own: the same work, the same sink, and Spark's own log notes the commit. The query resumes
behind it.

Guarantee: that of the sink, as for every other micro-batch.
"""

from __future__ import annotations

import time
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from streaming.archive import Archive
from streaming.errors import QueryError
from streaming.kafka.records import read_ranges
from streaming.messages import Record
from streaming.pipeline.task import OUTPUT_SCHEMA, summarize
from streaming.spark.answers import answer_columns
from streaming.spark.checkpoint import planned_batch
from streaming.spark.explain import explained
from streaming.spark.prepare import Plan
from streaming.spark.proving import unproven_batch
from streaming.spark.sinks.kafka import write_batch_to_kafka
from streaming.spark.sinks.parquet import archive_name, result_writer
from streaming.spark.watch import COUNTED, Batch, counts, read_counts

_SCHEMA = (
    "key binary, value binary, headers array<struct<key: string, value: binary>>, topic string, partition int, "
    "offset bigint, timestamp bigint"
)


def cannot_be_decoded(error: QueryError) -> bool:
    """Tell whether a query failed at a record that Spark's Kafka source cannot decode."""
    # Python gets the message of the error alone, not its name.
    return "overflows when converting to Spark's microsecond-precision" in str(error.__cause__)


def run_batch_apart(spark: SparkSession, plan: Plan, checkpoint_id: str) -> Batch:
    """Run the planned micro-batch of a query that stands still, and commit it; raises the service's errors."""
    start, location = time.monotonic(), plan.settings.checkpoint_location
    planned = planned_batch(location)
    records = read_ranges(plan.settings, planned.ranges)
    unproven = unproven_batch(location, plan.task_plan.record_format) == planned.number
    results = (
        spark.createDataFrame([_row(record) for record in records], _SCHEMA)
        # One task, so that results of one id keep the order of their offsets.
        .coalesce(1)
        .mapInPandas(summarize(plan.task_plan, lambda: unproven), OUTPUT_SCHEMA)
        # Counted and written, and made once.
        .persist()
    )
    with explained(plan.settings, plan.checkpoint):
        [counted] = results.agg(*counts(plan.task_plan.topics.dead_letter)).collect()
        _write(results.drop(*COUNTED), plan, checkpoint_id, planned.number)
        results.unpersist()
        _commit(spark, location, planned.number)
    seconds = time.monotonic() - start
    return read_counts(counted, planned.number, len(records), seconds, planned.end_offsets)


def _row(record: Record) -> tuple[Any, ...]:
    source = record.source
    return (
        *(record.key, record.value, record.headers),
        *(source.topic, source.partition, source.offset, source.timestamp),
    )


def _write(results: DataFrame, plan: Plan, checkpoint_id: str, number: int) -> None:
    topics = plan.task_plan.topics
    if plan.settings.to_kafka or plan.archive_location is None:
        write_batch_to_kafka(results, plan.settings, topics)
        return
    archive = Archive(plan.archive_location, answer_columns(plan.task_plan.work))
    name = archive_name(plan.settings, checkpoint_id)
    result_writer(archive, name=name, dead_letters=topics.dead_letter)(results, number)


def _commit(spark: SparkSession, location: str, number: int) -> None:
    """Note the micro-batch in Spark's own commit log; a query without watermark and state commits a zero."""
    logs = spark._jvm.org.apache.spark.sql.execution.streaming.checkpointing  # type: ignore[union-attr]
    log = logs.CommitLog(spark._jsparkSession, f"{location}/commits", False)
    log.add(number, logs.CommitMetadata(0))
