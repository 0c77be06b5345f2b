"""The query: from the input topics to where results go.

    documents -> [ decode -> summarize ] -> summaries, dead letters: topics, or Parquet files
                   one mapInPandas

`prepare` has made the plan; `start` starts its stream, and `run` starts it and watches it until it is told to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, count, when
from pyspark.sql.streaming.query import StreamingQuery

from streaming.archive import Archive, ArchiveLocation
from streaming.errors import Abandoned, QueryError
from streaming.kafka.group_offsets import GroupOffsets
from streaming.pipeline.task import OUTPUT_SCHEMA, summarize
from streaming.spark.archive_query import archive_checkpoint, archiving
from streaming.spark.checkpoint import Pin, open_checkpoint
from streaming.spark.engine_start import start_engine
from streaming.spark.explain import explained
from streaming.spark.prepare import Plan
from streaming.spark.session import spark_log, spark_session
from streaming.spark.sinks.kafka import write_results
from streaming.spark.sinks.parquet import write_results_as_parquet
from streaming.spark.source import read_documents
from streaming.spark.watch import Batch, StopRequest, finish, watch


def start(spark: SparkSession, plan: Plan, *, checkpoint_id: str, once: bool = False) -> StreamingQuery:
    """Start the stream; with `once` it ends when it has read what is there now."""
    settings, task_plan = plan.settings, plan.task_plan
    documents = read_documents(spark, settings, most=plan.batch_documents * plan.layout.executors)
    # One stream of documents an executor, rather than one a Kafka partition: no executor idles at a partition's end.
    results = documents.coalesce(plan.layout.executors).mapInPandas(summarize(task_plan), OUTPUT_SCHEMA)
    counted = results.observe(
        "results",
        count("topic").alias("results"),
        count(when(col("topic") == task_plan.topics.dead_letter, 1)).alias("dead_letters"),
    )
    if settings.to_kafka or plan.archive_location is None:
        writer = write_results(counted, settings, task_plan.topics)
    else:
        name, dead_letters = f"{settings.query}-{checkpoint_id[:12]}", task_plan.topics.dead_letter
        writer = write_results_as_parquet(counted, Archive(plan.archive_location), name=name, dead_letters=dead_letters)
    writer = writer.queryName(settings.query).option("checkpointLocation", settings.checkpoint_location)
    return (writer.trigger(availableNow=True) if once else writer).start()


@contextmanager
def running(spark: SparkSession, plan: Plan, *, checkpoint_id: str, once: bool = False) -> Iterator[StreamingQuery]:
    """Run the query of a plan for as long as the context lasts; raises the service's errors for Spark's."""
    with explained(plan.settings, plan.checkpoint):
        query = start(spark, plan, checkpoint_id=checkpoint_id, once=once)
        try:
            yield query
        finally:
            query.stop()


@contextmanager
def checkpointed(plan: Plan) -> Iterator[str]:
    """Hold the checkpoint of a plan's query and say its id; raises `CheckpointError` when it is of other topics."""
    ids = {topic.name: topic.id for topic in plan.inputs}
    growing = plan.settings.input_pattern is not None
    pin = Pin(plan.choice.original.sha256, plan.choice.representation)
    with open_checkpoint(plan.checkpoint, ids, growing=growing, pin=pin) as checkpoint_id:
        yield checkpoint_id


@dataclass(frozen=True)
class ArchiveQuery:
    """The archive's query of a plan that has one: its location and the id of its checkpoint."""

    location: ArchiveLocation
    checkpoint_id: str


@contextmanager
def archive_checkpointed(plan: Plan) -> Iterator[ArchiveQuery | None]:
    """Hold the checkpoint of the archive's query; None when the plan has none."""
    if plan.archive_location is None or not plan.settings.to_kafka:
        yield None
        return
    ids = {topic.name: topic.id for topic in plan.outputs}
    with open_checkpoint(archive_checkpoint(plan.settings, plan.archive_location), ids) as checkpoint_id:
        yield ArchiveQuery(plan.archive_location, checkpoint_id)


def summarize_and_archive(
    spark: SparkSession,
    plan: Plan,
    checkpoint_id: str,
    archive_query: ArchiveQuery | None,
    *,
    once: bool,
    stop: StopRequest,
    on_batch: Callable[[Batch], None],
) -> None:
    """Run both queries of a plan, if it has two, until the first one ends or is stopped and the archive has the rest.

    Each one's failure is explained as its own.
    """

    def archive(*, once: bool) -> AbstractContextManager[StreamingQuery | None]:
        if archive_query is None:
            return nullcontext()
        return archiving(
            spark, plan.settings, archive_query.location, checkpoint_id=archive_query.checkpoint_id, once=once
        )

    with nullcontext() if once else archive(once=False) as running_archive:
        with running(spark, plan, checkpoint_id=checkpoint_id, once=once) as query:
            watch(query, stop=stop, grace=plan.settings.grace, on_batch=on_batch, archive_query=running_archive)
        if running_archive is not None and not running_archive.isActive:
            # Raises what ended it.
            running_archive.awaitTermination()
    # What the query has left on the topics last.
    with archive(once=True) as rest:
        if rest is not None:
            finish(rest, stop=stop)


def run(
    plan: Plan,
    *,
    once: bool,
    stop: StopRequest,
    on_batch: Callable[[Batch], None],
    on_progress: Callable[[float], None],
) -> None:
    """Run the query until it ends (`once`) or is told to stop; `on_batch` is called with each committed micro-batch.

    `on_progress` is called with the share of the model that is loaded, from 0 to 1, when the engine is on this machine.

    Raises `Abandoned` when a stop could not wait for the running micro-batch, and the service's errors.
    """
    settings = plan.settings
    group = GroupOffsets(settings)

    def commit_and_tell(batch: Batch) -> None:
        group.commit(batch.end_offsets)
        on_batch(batch)

    try:
        with ExitStack() as stack:
            checkpoint_id = stack.enter_context(checkpointed(plan))
            archive_query = stack.enter_context(archive_checkpointed(plan))
            spark = stack.enter_context(spark_session(settings, plan.layout))
            stop.listen()
            start_engine(spark, plan.task_plan.work.engine, on_progress, log=spark_log(settings))
            summarize_and_archive(
                spark, plan, checkpoint_id, archive_query, once=once, stop=stop, on_batch=commit_and_tell
            )
    except QueryError as error:
        if stop.asked:
            # Whoever stops every process of ours at once, as a service manager may, leaves nothing to wait for.
            raise Abandoned(f"Stopped before the running micro-batch ended; it will run again. ({error})") from error
        raise
    finally:
        group.close()
