"""The query: the way of a document from the input topics to the results.

    documents -> [ decode -> summarize ] -> summaries, dead letters
    source.py    pipeline/, one mapInPandas   sinks/kafka.py or sinks/parquet.py

`prepare` has made the plan; `start` starts its stream, and `summarize_and_archive` watches it until it ends or is
stopped. `run` in the file of this name does so again after a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamWriter

from streaming.archive import Archive
from streaming.errors import QueryError
from streaming.kafka.probe import KafkaProbe
from streaming.kafka.topics import extents_now
from streaming.pipeline.task import OUTPUT_SCHEMA, summarize
from streaming.spark.answers import answer_columns
from streaming.spark.apart.batch_apart import run_batch_apart
from streaming.spark.apart.undecoded import cannot_be_decoded
from streaming.spark.archive_query import ArchiveQuery, archive_batch_apart, archiving
from streaming.spark.checkpoint.checkpoint import Pin, Record, open_checkpoint
from streaming.spark.checkpoint.losses import refuse_losses
from streaming.spark.checkpoint.positions import read_positions
from streaming.spark.checkpoint.spark_logs import next_offsets
from streaming.spark.engine_start import start_engine
from streaming.spark.explain import explained
from streaming.spark.heartbeats import Heartbeats
from streaming.spark.jvm.cluster import wait_for_executors
from streaming.spark.jvm.session import Sessions, spark_log
from streaming.spark.look import Look, Looker
from streaming.spark.pace import Pace, limit_batches, pace_of
from streaming.spark.prepare import Plan
from streaming.spark.proving import in_batch, prove, unproven_batch
from streaming.spark.sinks.kafka import write_to_kafka
from streaming.spark.sinks.parquet import archive_name, write_to_parquet
from streaming.spark.source import read_documents
from streaming.spark.topic_check import extents, new_outputs
from streaming.spark.watch import Batch, StopRequest, count_results, finish, watch


def start(spark: SparkSession, plan: Plan, *, checkpoint_id: str, most: int, once: bool = False) -> StreamingQuery:
    """Start the stream, at most `most` records in a micro-batch; with `once` it ends after those that are there now."""
    settings, unproven = plan.settings, None
    if not settings.skip_unreadable:
        unproven = unproven_batch(settings.checkpoint_location, plan.task_plan.record_format)
    writer = write_results(
        read_documents(spark, plan.settings, most=most)
        # One stream of documents an executor, not one a Kafka partition: no executor idles at a partition's end.
        .coalesce(plan.layout.executors)
        .mapInPandas(summarize(plan.task_plan, in_batch(unproven)), OUTPUT_SCHEMA)
        .transform(count_results, plan.task_plan.topics.dead_letter),
        plan,
        checkpoint_id,
    )
    writer = writer.queryName(settings.query).option("checkpointLocation", settings.checkpoint_location)
    return (writer.trigger(availableNow=True) if once else writer).start()


def write_results(results: DataFrame, plan: Plan, checkpoint_id: str) -> DataStreamWriter:
    """Return the writer of the sink that the query itself feeds; with both sinks the archive's query feeds Parquet."""
    topics = plan.task_plan.topics
    if plan.settings.to_kafka or plan.archive_location is None:
        return write_to_kafka(results, plan.settings, topics)
    name = archive_name(plan.settings, checkpoint_id)
    archive = Archive(plan.archive_location, answer_columns(plan.task_plan.work))
    return write_to_parquet(results, archive, name=name, dead_letters=topics.dead_letter)


@contextmanager
def running(
    spark: SparkSession, plan: Plan, pace: Pace, *, checkpoint_id: str, once: bool = False
) -> Iterator[StreamingQuery]:
    """Run the query of a plan for as long as the context lasts; raises the service's errors for Spark's.

    It begins at the `pace`, which follows only when it is told of micro-batches.
    """
    with explained(plan.settings, plan.checkpoint):
        query = start(spark, plan, checkpoint_id=checkpoint_id, most=pace.documents, once=once)
        try:
            yield query
        finally:
            # A thread that waits for Kafka may not hear a stop within Spark's stopTimeout; it ends with the session.
            with suppress(Py4JJavaError):
                query.stop()


@contextmanager
def hold_checkpoint(plan: Plan) -> Iterator[str]:
    """Hold the checkpoint of a plan's query and yield its id.

    Raises `CheckpointError` when it is of other topics, and the error for records that were lost before they were read
    (`losses`).
    """
    settings, topics = plan.settings, extents(plan.inputs)

    def check(earlier: Record) -> None:
        refuse_losses(
            settings.checkpoint_location,
            read_positions(settings.checkpoint_location),
            earlier.topic_ids,
            topics,
            ask_again=partial(extents_now, settings, topics),
            new_outputs=new_outputs(plan),
            growing=settings.input_pattern is not None,
        )

    with open_checkpoint(
        plan.checkpoint,
        {topic.name: topic.id for topic in plan.inputs},
        growing=settings.input_pattern is not None,
        pin=Pin(plan.choice.original.sha256, plan.choice.representation),
        outputs=plan.results,
        dead_letters=settings.dead_letter_topic if settings.to_kafka else None,
        recipe=plan.recipe,
        check=check,
    ) as checkpoint_id:
        yield checkpoint_id


def sessions_of(
    plan: Plan, *, stop: StopRequest, on_progress: Callable[[float], None], on_wait: Callable[[str], None]
) -> Sessions:
    """Return the Spark sessions of a plan's run: each begins with its executors and the start of the engine."""
    settings = plan.settings

    def begin(spark: SparkSession) -> None:
        stop.listen()
        with explained(settings, plan.checkpoint):
            wait_for_executors(spark, settings, plan.layout, stop=stop, on_wait=on_wait)
        if not stop.requested:
            start_engine(spark, plan.task_plan.work.engine, on_progress, log=spark_log(settings))

    return Sessions(settings, plan.layout, begin)


def summarize_and_archive(
    spark: SparkSession,
    plan: Plan,
    checkpoint_id: str,
    archive_query: ArchiveQuery | None,
    beats: Heartbeats,
    *,
    once: bool,
    stop: StopRequest,
    on_batch: Callable[[Batch], None],
    on_look: Callable[[Look], None] = lambda _look: None,
) -> None:
    """Run both queries of a plan, if it has two, until the first one ends or is stopped and the archive has the rest.

    The failure of each query is explained as its own. A micro-batch that Spark's source cannot decode runs apart.
    `beats` tell of the first query.
    """
    settings = plan.settings

    def committed(batch: Batch) -> None:
        beats.on_batch(batch)
        # A micro-batch of aborted or compacted records has offsets, and no record.
        if batch.records:
            prove(settings.checkpoint_location, plan.task_plan.record_format)
            on_batch(batch)

    def note_position() -> None:
        # A crash may have come between the commit of a micro-batch and its heartbeat; and one that only Spark knows of,
        # such as the first of a query that has nothing to read, is no micro-batch here.
        beats.on_position(next_offsets(settings.checkpoint_location))

    def archive(*, once: bool) -> AbstractContextManager[StreamingQuery | None]:
        return nullcontext() if archive_query is None else archiving(spark, settings, archive_query, once=once)

    def both() -> None:
        with nullcontext() if once else archive(once=False) as running_archive:
            while not stop.requested:
                try:
                    with running(spark, plan, pace, checkpoint_id=checkpoint_id, once=once) as query:
                        watch(
                            query,
                            stop=stop,
                            grace=settings.grace,
                            on_batch=paced(query),
                            on_look=looking(query),
                            archive_query=running_archive,
                        )
                    note_position()
                    break
                except QueryError as error:
                    if not cannot_be_decoded(error):
                        raise
                    committed(run_batch_apart(spark, plan, checkpoint_id, stop=stop, on_look=looked))
            if running_archive is not None and not running_archive.isActive:
                # Raises the error that ended it.
                running_archive.awaitTermination()
        # The results that reached the topics last.
        with archive(once=True) as last_archive:
            if last_archive is not None:
                finish(last_archive, stop=stop, on_progress=beats.on_progress)

    def looked(look: Look) -> None:
        beats.on_look(look)
        on_look(look)

    def paced(query: StreamingQuery) -> Callable[[Batch], None]:
        def on_committed(batch: Batch) -> None:
            if pace.on_batch(batch):
                limit_batches(spark, query, pace.documents)
            committed(batch)

        return on_committed

    def looking(query: StreamingQuery) -> Callable[[bool], None]:
        looker = Looker(spark, query, to_kafka=settings.to_kafka, silence=probe.silence)

        def look_at(stopping: bool) -> None:
            look = looker.look(stopping=stopping)
            if pace.on_look(look):
                limit_batches(spark, query, pace.documents)
            if look.doing == "idle" and beats.doing != "idle":
                note_position()
            looked(look)

        return look_at

    pace = pace_of(plan)
    with KafkaProbe(settings) as probe:
        note_position()
        while True:
            try:
                return both()
            except QueryError as error:
                if archive_query is None or not cannot_be_decoded(error):
                    raise
                archive_batch_apart(spark, settings, archive_query)
