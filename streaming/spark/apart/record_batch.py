"""A micro-batch of records that gistream has read itself: the same work and the same sink as in a query's stream.

For records that Spark's source cannot decode (`batch_apart`), and for those of a replay, whose range has an end.

Guarantee: that of the sink. Results leave together, when all of them are made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from streaming.archive import Archive
from streaming.errors import Abandoned, GistreamError
from streaming.messages import Record
from streaming.pipeline.task import OUTPUT_SCHEMA, summarize
from streaming.spark.answers import answer_columns
from streaming.spark.apart.records_frame import frame_of
from streaming.spark.counting import COUNTED, counts
from streaming.spark.explain import explained
from streaming.spark.jvm.session import JVM_GONE
from streaming.spark.look import Look, results_so_far
from streaming.spark.prepare import Plan
from streaming.spark.sinks.kafka import write_batch_to_kafka
from streaming.spark.sinks.parquet import archive_name, result_writer
from streaming.spark.watch import Batch, StopRequest, read_counts

# Between two looks at a running micro-batch; a stop may be late by this.
_LOOK_SECONDS = 0.2
# Between two counts of its results, which take 20 ms; heartbeats bring new counts every 2 s.
_COUNT_SECONDS = 1.0
# Where results are counted. The records themselves come through a "Scan ExistingRDD" here.
_RESULT_NODES = ("MapInPandas",)
# How long Spark may take to end the tasks of a micro-batch that is abandoned.
_CANCEL_SECONDS = 10


def run_frame(plan: Plan, records: DataFrame, checkpoint_id: str, number: int, *, unproven: bool) -> Any:
    """Summarize records, write the results as micro-batch `number`, and return their `counts`."""
    topics = plan.task_plan.topics
    results = records.mapInPandas(summarize(plan.task_plan, lambda: unproven), OUTPUT_SCHEMA)
    # Counted and written, and made once.
    results.persist()
    try:
        [counted] = results.agg(*counts(topics.dead_letter)).collect()
        _write(results.drop(*COUNTED), plan, checkpoint_id, number)
    finally:
        results.unpersist()
    return counted


def run_records(
    spark: SparkSession,
    plan: Plan,
    checkpoint_id: str,
    tasks: Sequence[Sequence[Record]],
    number: int,
    *,
    unproven: bool,
    stop: StopRequest,
    on_look: Callable[[Look], None],
) -> Batch:
    """Run a micro-batch of records, those of each executor's task in a list of their own.

    `on_look` is called about once a second with how far the micro-batch is. A stop waits for its end, up
    to `grace` seconds. Raises `Abandoned` when that is too short, and the service's errors.
    """
    began, records = time.monotonic(), sum(map(len, tasks))

    def run() -> Any:
        frame = reduce(DataFrame.union, [frame_of(spark, task) for task in tasks])
        return run_frame(plan, frame, checkpoint_id, number, unproven=unproven)

    counted = watched(spark, plan, run, number=number, records=records, stop=stop, on_look=on_look)
    return read_counts(counted, number, records, time.monotonic() - began, "")


def watched(
    spark: SparkSession,
    plan: Plan,
    work: Callable[[], Any],
    *,
    number: int,
    records: int,
    stop: StopRequest,
    on_look: Callable[[Look], None],
) -> Any:
    """Return what `work` returns, which calls `run_frame` for micro-batch `number` of so many records.

    It runs in a thread of its own; `on_look`, the stop and the errors are as in `run_records`.
    """
    settings, began = plan.settings, time.monotonic()
    group = f"gistream-{settings.query}-{number}"

    def run() -> Any:
        # The group belongs to this thread and its counterpart in the JVM.
        spark.sparkContext.setJobGroup(group, group, interruptOnCancel=True)
        with explained(settings, plan.checkpoint):
            return work()

    with ThreadPoolExecutor(1, thread_name_prefix="gistream-batch") as pool:
        running = pool.submit(run)
        deadline, next_look, done = None, 0.0, 0
        while not wait([running], _LOOK_SECONDS).done:
            now = time.monotonic()
            if now >= next_look:
                next_look = now + _COUNT_SECONDS
                # While results are written, Spark counts nothing.
                done = max(done, _done(spark, group, records))
                on_look(Look("working", now - began, done, records, stop.requested))
            if not stop.requested:
                continue
            deadline = deadline or now + settings.grace
            if stop.urgent or now > deadline:
                spark.sparkContext.cancelJobGroup(group)
                wait([running], _CANCEL_SECONDS)
                break
        try:
            return running.result()
        except GistreamError as error:
            if stop.requested:
                # A service manager may stop all our processes at once; then there is nothing left to wait for.
                raise Abandoned("Stopped before the running micro-batch ended; it will run again.") from error
            raise


def _done(spark: SparkSession, group: str, records: int) -> int:
    try:
        return min(results_so_far(spark, group, _RESULT_NODES), records)
    except JVM_GONE:
        # The micro-batch itself raises the reason.
        return 0


def _write(results: DataFrame, plan: Plan, checkpoint_id: str, number: int) -> None:
    topics = plan.task_plan.topics
    if plan.settings.to_kafka or plan.archive_location is None:
        write_batch_to_kafka(results, plan.settings, topics)
        return
    archive = Archive(plan.archive_location, answer_columns(plan.task_plan.work))
    name = archive_name(plan.settings, checkpoint_id)
    result_writer(archive, name=name, dead_letters=topics.dead_letter)(results, number)
