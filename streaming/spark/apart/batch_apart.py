"""A micro-batch apart: of records that Spark's Kafka source cannot decode (`undecoded`), with the same work and sink.

Guarantee: that of the sink, as for every other micro-batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pyspark.sql import SparkSession

from streaming.spark.apart.record_batch import run_frame, watched
from streaming.spark.apart.undecoded import commit, read_planned
from streaming.spark.checkpoint.spark_logs import planned_batch
from streaming.spark.explain import explained
from streaming.spark.look import Look
from streaming.spark.prepare import Plan
from streaming.spark.proving import unproven_batch
from streaming.spark.watch import Batch, StopRequest, read_counts


def run_batch_apart(
    spark: SparkSession, plan: Plan, checkpoint_id: str, *, stop: StopRequest, on_look: Callable[[Look], None]
) -> Batch:
    """Run the planned micro-batch of a query that stands still, and commit it.

    `on_look`, the stop and the errors are as in `run_records`.
    """
    start, settings = time.monotonic(), plan.settings
    location = settings.checkpoint_location
    planned = planned_batch(location)
    offsets = sum(end - begin for begin, end in planned.ranges.values())

    def run() -> Any:
        _, records = read_planned(spark, settings, location)
        unproven = unproven_batch(location, plan.task_plan.record_format) == planned.number
        return run_frame(plan, records, checkpoint_id, planned.number, unproven=unproven)

    counted = watched(spark, plan, run, number=planned.number, records=offsets, stop=stop, on_look=on_look)
    with explained(settings, plan.checkpoint):
        commit(spark, location, planned.number)
    seconds = time.monotonic() - start
    return read_counts(counted, planned.number, counted["results"], seconds, planned.end_offsets)
