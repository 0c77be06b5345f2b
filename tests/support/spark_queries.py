"""Running a query with a fake engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from pyspark.sql import SparkSession

from streaming.kafka.topics import Admin
from streaming.spark.look import Look
from streaming.spark.prepare import Plan
from streaming.spark.query import hold_checkpoint, summarize_and_archive
from streaming.spark.watch import Batch, StopRequest

MakePlan = Callable[..., Plan]


def drain(spark: SparkSession, plan: Plan, looks: list[Look] | None = None) -> list[Batch]:
    """Run the query of `plan` over what is there, as `gistream run --once` does; adds each look at it to `looks`."""
    batches: list[Batch] = []
    with Admin(plan.settings) as admin:
        # As each start does: a plan that runs a second time has the ends of before.
        plan = replace(plan, inputs=admin.describe(admin.inputs()))
    with ExitStack() as stack:
        checkpoint_id = stack.enter_context(hold_checkpoint(plan))
        summarize_and_archive(
            spark,
            plan,
            checkpoint_id,
            None,
            once=True,
            stop=StopRequest(),
            on_batch=batches.append,
            on_look=[].append if looks is None else looks.append,
        )
    return batches
