"""The query: from the input topics to where results go.

    documents -> [ decode -> summarize ] -> summaries, dead letters: topics, or Parquet files
                   one mapInPandas

`prepare` checks everything that can be wrong before Spark starts, `start` starts the stream, and `run` does both and
watches it until it is told to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, count, when
from pyspark.sql.streaming.query import StreamingQuery

from streaming.archive import Archive, Place
from streaming.archiving import archive_checkpoint, archiving
from streaming.checkpoint import Checkpoint, Pin, open_checkpoint, pinned
from streaming.choice import Choice, choose
from streaming.decode import Reading
from streaming.engine import ModelFile
from streaming.errors import Abandoned, QueryError
from streaming.failures import explained
from streaming.lag import GroupOffsets
from streaming.results import Topics
from streaming.session import Layout, layout, spark_log, spark_session
from streaming.settings import Settings
from streaming.sinks.kafka import write_results
from streaming.sinks.parquet import write_results_as_parquet
from streaming.source import read_documents
from streaming.summarize import OUTPUT_SCHEMA, Job, summarize
from streaming.topics import Admin, Topic, result_topics
from streaming.warmup import start_engine
from streaming.watch import Batch, StopRequest, finish, watch
from streaming.work import plan_work

# Where no topic limits a record, Spark does: a value of its rows has at most 2 GiB.
_NO_TOPIC = 2**31 - 1
# Twice what the slots hold, because the last documents of a micro-batch leave slots idle. From 32 documents on a wave
# of the slots is long enough: 128 came at 0.61 a second with 16 slots, at 0.66 with 32, in micro-batches of 32 both.
_FEWEST_DOCUMENTS = 16
_MOST_DOCUMENTS = 32
# Of nine slots, how many documents are counted for; the ninth is for those that are read in two prompts, which would
# take another wave. 32 documents of 34 prompts took 42.0 s in 32 slots, 41.5 s in 36 (medians of four).
_FILLED = 8


@dataclass(frozen=True)
class Plan:
    """A query that has been checked and may start; `inputs` and `outputs` are the topics as the broker has them."""

    settings: Settings
    choice: Choice
    spread: Layout
    inputs: list[Topic]
    outputs: list[Topic]
    created: list[str]
    place: Place | None
    job: Job

    @property
    def batch_documents(self) -> int:
        """Documents of one micro-batch, an executor."""
        return self.settings.batch_documents or documents_for(self.choice.setup.slots)

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the query's progress is."""
        return Checkpoint(self.settings.checkpoint_location)


def documents_for(slots: int) -> int:
    """Return how many documents a micro-batch has for an engine of `slots`, when nobody says."""
    filled = slots * _FILLED // 9
    waves = 2 if 2 * filled <= _MOST_DOCUMENTS else 1
    return max(waves * filled, _FEWEST_DOCUMENTS)


def prepare(settings: Settings, model: ModelFile, choice: Choice | None = None) -> Plan:
    """Check settings, broker and topics, and plan the query; creates the topics that are missing.

    `choice` is what was chosen to compute it already; else its checkpoint, the settings and the tuning choose.

    Raises `UsageError`, `BrokerError`, `TopicError`, `CheckpointError`, `ModelError` for a representation that cannot
    be made, or `MachineError` for a place that cannot be written.
    """
    spread = layout(settings)
    if choice is None:
        pin = pinned(Checkpoint(settings.checkpoint_location), model.sha256)
        choice = choose(settings, model, cores=spread.cores, pinned=pin)
    work = plan_work(settings, choice, here=spread.local)
    place = None
    if settings.parquet is not None:
        place = Place(settings.parquet)
        place.open()
    with Admin(settings) as admin:
        created = admin.ensure()
        inputs = admin.describe(admin.inputs())
        outputs = admin.describe(result_topics(settings))
    limits = {topic.name: topic.max_message_bytes for topic in outputs}
    job = Job(
        work=work,
        reading=Reading(settings.format, tuple(settings.field.items()), settings.id_from),
        topics=Topics(
            settings.output_topic,
            limits.get(settings.output_topic, _NO_TOPIC),
            settings.dead_letter_topic,
            limits.get(settings.dead_letter_topic, _NO_TOPIC),
        ),
        max_failed_share=settings.max_failed_share,
    )
    return Plan(settings, choice, spread, inputs, outputs, created, place, job)


def start(spark: SparkSession, plan: Plan, *, checkpoint_id: str, once: bool = False) -> StreamingQuery:
    """Start the stream; with `once` it ends when it has read what is there now."""
    settings, job = plan.settings, plan.job
    documents = read_documents(spark, settings, most=plan.batch_documents * plan.spread.executors)
    # One stream of documents an executor, rather than one a Kafka partition: no executor idles at a partition's end.
    results = documents.coalesce(plan.spread.executors).mapInPandas(summarize(job), OUTPUT_SCHEMA)
    counted = results.observe(
        "results",
        count("topic").alias("results"),
        count(when(col("topic") == job.topics.dead_letter, 1)).alias("dead_letters"),
    )
    if settings.to_kafka or plan.place is None:
        writer = write_results(counted, settings, job.topics)
    else:
        name, dead_letters = f"{settings.query}-{checkpoint_id[:12]}", job.topics.dead_letter
        writer = write_results_as_parquet(counted, Archive(plan.place), name=name, dead_letters=dead_letters)
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
    pin = Pin(plan.choice.given.sha256, plan.choice.representation)
    with open_checkpoint(plan.checkpoint, ids, growing=growing, pin=pin) as checkpoint_id:
        yield checkpoint_id


@dataclass(frozen=True)
class Beside:
    """The archive's query of a plan that has one: its place and the id of its checkpoint."""

    place: Place
    checkpoint_id: str


@contextmanager
def archive_checkpointed(plan: Plan) -> Iterator[Beside | None]:
    """Hold the checkpoint of the archive's query; None when the plan has none."""
    if plan.place is None or not plan.settings.to_kafka:
        yield None
        return
    ids = {topic.name: topic.id for topic in plan.outputs}
    with open_checkpoint(archive_checkpoint(plan.settings, plan.place), ids) as checkpoint_id:
        yield Beside(plan.place, checkpoint_id)


def summarize_and_archive(
    spark: SparkSession,
    plan: Plan,
    checkpoint_id: str,
    beside: Beside | None,
    *,
    once: bool,
    stop: StopRequest,
    finished: Callable[[Batch], None],
) -> None:
    """Run both queries of a plan, if it has two, until the first one ends or is stopped and the archive has the rest.

    Each one's failure is explained as its own.
    """

    def archive(*, once: bool) -> AbstractContextManager[StreamingQuery | None]:
        if beside is None:
            return nullcontext()
        return archiving(spark, plan.settings, beside.place, checkpoint_id=beside.checkpoint_id, once=once)

    with nullcontext() if once else archive(once=False) as running_archive:
        with running(spark, plan, checkpoint_id=checkpoint_id, once=once) as query:
            watch(query, stop=stop, grace=plan.settings.grace, finished=finished, beside=running_archive)
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
    tell: Callable[[Batch], None],
    loading: Callable[[float], None],
) -> None:
    """Run the query until it ends (`once`) or is told to stop; `tell` hears of each micro-batch it finished.

    `loading` hears how much of the model is loaded, from 0 to 1, when that is on this machine.

    Raises `Abandoned` when a stop could not wait for the running micro-batch, and the service's errors.
    """
    settings = plan.settings
    group = GroupOffsets(settings)

    def finished(batch: Batch) -> None:
        group.commit(batch.end_offsets)
        tell(batch)

    try:
        with ExitStack() as stack:
            checkpoint_id = stack.enter_context(checkpointed(plan))
            beside = stack.enter_context(archive_checkpointed(plan))
            spark = stack.enter_context(spark_session(settings, plan.spread))
            stop.listen()
            start_engine(spark, plan.job.work.engine, loading, log=spark_log(settings))
            summarize_and_archive(spark, plan, checkpoint_id, beside, once=once, stop=stop, finished=finished)
    except QueryError as error:
        if stop.asked:
            # Whoever stops every process of ours at once, as a service manager may, leaves nothing to wait for.
            raise Abandoned(f"Stopped before the running micro-batch ended; it will run again. ({error})") from error
        raise
    finally:
        group.close()
