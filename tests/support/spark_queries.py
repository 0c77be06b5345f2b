"""Running a query with a fake engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pyspark.sql import SparkSession

from streaming.kafka.topics import Admin
from streaming.spark.archive_query import ArchiveQuery, hold_archive_checkpoint
from streaming.spark.heartbeats import heartbeats_of
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
    with hold_checkpoint(plan) as checkpoint_id:
        _run(spark, plan, checkpoint_id, None, batches, [] if looks is None else looks)
    return batches


def drain_and_archive(spark: SparkSession, plan: Plan, *, once: bool = True) -> None:
    """Run the query of `plan` and that of its archive, as `gistream run` does."""
    with hold_checkpoint(plan) as checkpoint_id, hold_archive_checkpoint(plan) as archive_query:
        _run(spark, plan, checkpoint_id, archive_query, [], [], once=once)


def _run(
    spark: SparkSession,
    plan: Plan,
    checkpoint_id: str,
    archive_query: ArchiveQuery | None,
    batches: list[Batch],
    looks: list[Look],
    *,
    once: bool = True,
) -> None:
    stop = StopRequest()
    with heartbeats_of(plan, checkpoint_id, stop=stop) as beats:
        summarize_and_archive(
            spark,
            plan,
            checkpoint_id,
            archive_query,
            beats,
            once=once,
            stop=stop,
            on_batch=batches.append,
            on_look=looks.append,
        )
