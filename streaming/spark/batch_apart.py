"""A micro-batch apart: of records that Spark's Kafka source cannot decode (`undecoded`), with the same work and sink.

Guarantee: that of the sink, as for every other micro-batch.
"""

from __future__ import annotations

import time

from pyspark.sql import DataFrame, SparkSession

from streaming.archive import Archive
from streaming.pipeline.task import OUTPUT_SCHEMA, summarize
from streaming.spark.answers import answer_columns
from streaming.spark.explain import explained
from streaming.spark.prepare import Plan
from streaming.spark.proving import unproven_batch
from streaming.spark.sinks.kafka import write_batch_to_kafka
from streaming.spark.sinks.parquet import archive_name, result_writer
from streaming.spark.undecoded import commit, read_planned
from streaming.spark.watch import COUNTED, Batch, counts, read_counts


def run_batch_apart(spark: SparkSession, plan: Plan, checkpoint_id: str) -> Batch:
    """Run the planned micro-batch of a query that stands still, and commit it; raises the service's errors."""
    start, settings = time.monotonic(), plan.settings
    location, topics = settings.checkpoint_location, plan.task_plan.topics
    with explained(settings, plan.checkpoint):
        planned, records = read_planned(spark, settings, location)
        unproven = unproven_batch(location, plan.task_plan.record_format) == planned.number
        results = records.mapInPandas(summarize(plan.task_plan, lambda: unproven), OUTPUT_SCHEMA)
        # Counted and written, and made once.
        results.persist()
        [counted] = results.agg(*counts(topics.dead_letter)).collect()
        _write(results.drop(*COUNTED), plan, checkpoint_id, planned.number)
        results.unpersist()
        commit(spark, location, planned.number)
    seconds = time.monotonic() - start
    return read_counts(counted, planned.number, counted["results"], seconds, planned.end_offsets)


def _write(results: DataFrame, plan: Plan, checkpoint_id: str, number: int) -> None:
    topics = plan.task_plan.topics
    if plan.settings.to_kafka or plan.archive_location is None:
        write_batch_to_kafka(results, plan.settings, topics)
        return
    archive = Archive(plan.archive_location, answer_columns(plan.task_plan.work))
    name = archive_name(plan.settings, checkpoint_id)
    result_writer(archive, name=name, dead_letters=topics.dead_letter)(results, number)
