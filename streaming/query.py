"""The query: from the input topic to the output topics.

    documents -> [ decode -> summarize ] -> summaries, dead letters
                   one mapInPandas

`prepare` checks everything that can be wrong before Spark starts, `start` starts the stream, and `run` does both and
watches it until it is told to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, count, when
from pyspark.sql.streaming.query import StreamingQuery

from streaming.checkpoint import open_checkpoint
from streaming.decode import Reading
from streaming.engine import LlamaRecipe, ModelFile
from streaming.errors import Abandoned, QueryError, UsageError
from streaming.failures import explain
from streaming.lag import GroupOffsets
from streaming.messages import ModelInfo
from streaming.protocol import Sampling
from streaming.results import Topics
from streaming.session import JVM_GONE, Layout, layout, spark_session
from streaming.settings import Settings
from streaming.sinks.kafka import write_results
from streaming.source import read_documents
from streaming.summarize import OUTPUT_SCHEMA, Job, summarize
from streaming.summarizer import Recipe, known_profile, load_profiles
from streaming.topics import Admin, Topic, wanted_topics
from streaming.watch import Batch, StopRequest, watch

# Tokens kept for a profile's instructions and the chat template's own text; the shipped profiles take 30 to 50.
_INSTRUCTIONS = 128


@dataclass(frozen=True)
class Plan:
    """A query that has been checked and may start."""

    settings: Settings
    model: ModelFile
    spread: Layout
    topics: list[Topic]
    created: list[str]
    job: Job
    recipe: str


def prepare(settings: Settings, model: ModelFile) -> Plan:
    """Check settings, broker and topics, and plan the query; creates the topics that are missing.

    Raises `UsageError`, `BrokerError` or `TopicError`.
    """
    spread = layout(settings)
    _check_context(settings, model)
    profiles = load_profiles()
    profile = known_profile(profiles, settings.prompt)
    with Admin(settings) as admin:
        created = admin.ensure()
        topics = admin.describe(list(wanted_topics(settings)))
    limits = {topic.name: topic.max_message_bytes for topic in topics}
    recipe = Recipe(
        model_sha256=model.sha256,
        representation=model.representation,
        sampling=Sampling(temperature=settings.temperature, repeat_penalty=settings.repeat_penalty),
        chunk_tokens=settings.chunk_tokens,
        max_tokens=settings.max_tokens,
        max_chunks=settings.max_chunks,
    )
    engine = LlamaRecipe(
        path=model.path,
        sha256=model.sha256,
        slots=settings.slots,
        context=settings.context,
        threads=settings.threads or spread.cores,
    )
    job = Job(
        engine=engine,
        recipe=recipe,
        model=ModelInfo(name=model.name, sha256=model.sha256, representation=model.representation),
        profiles=profiles,
        default_profile=settings.prompt,
        reading=Reading(settings.format, tuple(settings.field.items()), settings.id_from),
        topics=Topics(
            settings.output_topic,
            limits[settings.output_topic],
            settings.dead_letter_topic,
            limits[settings.dead_letter_topic],
        ),
        # While one document's result is on its way out, the slots it leaves already have the next ones.
        in_flight=2 * settings.slots,
        deadline=settings.document_deadline,
        max_failed_share=settings.max_failed_share,
    )
    return Plan(settings, model, spread, topics, created, job, recipe.hash(profile))


def _check_context(settings: Settings, model: ModelFile) -> None:
    context = min(settings.context, model.context or settings.context)
    needed = settings.chunk_tokens + settings.max_tokens + _INSTRUCTIONS
    if needed > context:
        raise UsageError(
            f"A chunk of {settings.chunk_tokens} tokens, its instructions and a summary of {settings.max_tokens} need "
            f"a context of {needed}, and there are {context} ({model.name} has at most {model.context}); raise "
            "--context or lower chunk_tokens."
        )


def start(spark: SparkSession, plan: Plan, *, once: bool = False) -> StreamingQuery:
    """Start the stream; with `once` it ends when it has read what is there now."""
    settings, job = plan.settings, plan.job
    documents = read_documents(spark, settings, plan.spread)
    # One stream of documents an executor, rather than one a Kafka partition: no executor idles at a partition's end.
    results = documents.coalesce(plan.spread.executors).mapInPandas(summarize(job), OUTPUT_SCHEMA)
    counted = results.observe(
        "results",
        count("topic").alias("results"),
        count(when(col("topic") == job.topics.dead_letter, 1)).alias("dead_letters"),
    )
    writer = write_results(counted, settings, job.topics).queryName(settings.query)
    writer = writer.option("checkpointLocation", settings.checkpoint_location)
    return (writer.trigger(availableNow=True) if once else writer).start()


@contextmanager
def running(spark: SparkSession, plan: Plan, *, once: bool = False) -> Iterator[StreamingQuery]:
    """Run the query of a plan for as long as the context lasts; raises the service's errors for Spark's."""
    try:
        query = start(spark, plan, once=once)
        try:
            yield query
        finally:
            query.stop()
    except PySparkException as error:
        raise explain(error, plan.settings) from error
    except JVM_GONE as error:
        raise QueryError(
            "Spark's JVM ended before the query did: it was killed, or the machine ran out of memory; nothing of the "
            f"running batch was committed (see {plan.settings.logs_dir / 'spark.log'})."
        ) from error


@contextmanager
def checkpointed(plan: Plan) -> Iterator[None]:
    """Hold the checkpoint of a plan's query, which must be of the topics that there are; raises `CheckpointError`."""
    ids = {topic.name: topic.id for topic in plan.topics if topic.name == plan.settings.input_topic}
    with open_checkpoint(plan.settings.checkpoint_location, ids):
        yield


def run(plan: Plan, *, once: bool, stop: StopRequest, tell: Callable[[Batch], None]) -> None:
    """Run the query until it ends (`once`) or is told to stop; `tell` hears of each micro-batch.

    Raises `Abandoned` when a stop could not wait for the running micro-batch, and the service's errors.
    """
    settings = plan.settings
    group = GroupOffsets(settings)
    try:
        with checkpointed(plan), spark_session(settings, plan.spread) as spark:
            stop.listen()

            def finished(batch: Batch) -> None:
                group.commit(batch.end_offsets)
                tell(batch)

            with running(spark, plan, once=once) as query:
                watch(query, stop=stop, grace=settings.grace, finished=finished)
    except QueryError as error:
        if stop.asked:
            # Whoever stops every process of ours at once, as a service manager may, leaves nothing to wait for.
            raise Abandoned(f"Stopped before the running micro-batch ended; it will run again. ({error})") from error
        raise
    finally:
        group.close()
