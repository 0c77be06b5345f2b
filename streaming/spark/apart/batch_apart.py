"""A micro-batch apart: of records that Spark's Kafka source cannot decode (`undecoded`), with the same work and sink.

Guarantee: that of the sink, as for every other micro-batch.
"""

from __future__ import annotations

import time

from pyspark.sql import SparkSession

from streaming.spark.apart.record_batch import run_frame
from streaming.spark.apart.undecoded import commit, read_planned
from streaming.spark.explain import explained
from streaming.spark.prepare import Plan
from streaming.spark.proving import unproven_batch
from streaming.spark.watch import Batch, read_counts


def run_batch_apart(spark: SparkSession, plan: Plan, checkpoint_id: str) -> Batch:
    """Run the planned micro-batch of a query that stands still, and commit it; raises the service's errors."""
    start, settings = time.monotonic(), plan.settings
    location = settings.checkpoint_location
    with explained(settings, plan.checkpoint):
        planned, records = read_planned(spark, settings, location)
        unproven = unproven_batch(location, plan.task_plan.record_format) == planned.number
        counted = run_frame(plan, records, checkpoint_id, planned.number, unproven=unproven)
        commit(spark, location, planned.number)
    seconds = time.monotonic() - start
    return read_counts(counted, planned.number, counted["results"], seconds, planned.end_offsets)
