"""The second query, when results go to Kafka and to Parquet: from the output topics to the archive.

    summaries, dead letters -> archive
    source.py                  sinks/parquet.py

It never runs the model, and it uses a core of an executor only for a moment, between two micro-batches of the first
query. It has its own checkpoint and its own pace: once a minute it writes the results that have arrived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from streaming.archive import AnswerColumn, Archive, ArchiveLocation
from streaming.kafka.topics import extents_now
from streaming.settings import Settings
from streaming.spark.answers import answer_columns
from streaming.spark.apart.undecoded import commit, read_planned
from streaming.spark.checkpoint.checkpoint import Checkpoint, Record, open_checkpoint
from streaming.spark.checkpoint.losses import refuse_losses
from streaming.spark.checkpoint.positions import read_positions
from streaming.spark.explain import explained
from streaming.spark.prepare import Plan
from streaming.spark.sinks.parquet import WriteBatch, topics_writer
from streaming.spark.source import read_topics

# The planned length of a micro-batch of the first query: one file for each of its batches.
_PACE = "60 seconds"
# Records of a batch when there is much to catch up on: a summary with its headers has 2 to 4 kB.
_MOST_RECORDS = 5000


@dataclass(frozen=True)
class ArchiveQuery:
    """The archive's query of a plan that has one: where it writes, its checkpoint's id, the columns for answers."""

    location: ArchiveLocation
    checkpoint_id: str
    answers: Sequence[AnswerColumn]


def archive_checkpoint(settings: Settings, location: ArchiveLocation) -> Checkpoint:
    """Return the checkpoint of the archive's query; another location is another archive, filled from the beginning."""
    folder = f"{settings.checkpoint_location}-archive-{hashlib.sha256(location.url.encode()).hexdigest()[:8]}"
    return Checkpoint(folder, remedy=f"remove the folder {folder}, and the archive is filled from the topics again")


@contextmanager
def hold_archive_checkpoint(plan: Plan) -> Iterator[ArchiveQuery | None]:
    """Hold the checkpoint of the archive's query; yields None when the plan has no such query.

    Raises `CheckpointError`, and the error for results that were lost before they were archived (`losses`).
    """
    if plan.archive_location is None or not plan.settings.to_kafka:
        yield None
        return
    ids = {topic.name: topic.id for topic in plan.outputs}
    checkpoint = archive_checkpoint(plan.settings, plan.archive_location)

    def check(earlier: Record) -> None:
        topics = {topic.name: topic.extent for topic in plan.outputs}
        ask_again = partial(extents_now, plan.settings, topics)
        positions = read_positions(checkpoint.location)
        refuse_losses(checkpoint.location, positions, earlier.topic_ids, topics, ask_again=ask_again)

    with open_checkpoint(checkpoint, ids, check=check) as checkpoint_id:
        yield ArchiveQuery(plan.archive_location, checkpoint_id, answer_columns(plan.task_plan.work))


@contextmanager
def archiving(
    spark: SparkSession, settings: Settings, archive_query: ArchiveQuery, *, once: bool
) -> Iterator[StreamingQuery]:
    """Run the query for as long as the context lasts; with `once` it ends when it has read what is there now."""
    checkpoint = archive_checkpoint(settings, archive_query.location)
    topics = {"subscribe": f"{settings.output_topic},{settings.dead_letter_topic}"}
    # One file a batch needs one task.
    records = read_topics(spark, settings, topics, most=_MOST_RECORDS).coalesce(1)
    writer = records.writeStream.foreachBatch(_writer(settings, archive_query))
    writer = writer.queryName(f"{settings.query}-archive").option("checkpointLocation", checkpoint.location)
    with explained(settings, checkpoint):
        query = (writer.trigger(availableNow=True) if once else writer.trigger(processingTime=_PACE)).start()
        try:
            yield query
        finally:
            # As in `query.running`.
            with suppress(Py4JJavaError):
                query.stop()


def archive_batch_apart(spark: SparkSession, settings: Settings, archive_query: ArchiveQuery) -> None:
    """Write and commit the planned micro-batch of a query that stands still at a record that Spark cannot decode."""
    checkpoint = archive_checkpoint(settings, archive_query.location)
    with explained(settings, checkpoint):
        planned, records = read_planned(spark, settings, checkpoint.location)
        _writer(settings, archive_query)(records, planned.number)
        commit(spark, checkpoint.location, planned.number)


def _writer(settings: Settings, archive_query: ArchiveQuery) -> WriteBatch:
    archive = Archive(archive_query.location, archive_query.answers)
    name = f"{settings.query}-archive-{archive_query.checkpoint_id[:12]}"
    return topics_writer(archive, name=name, dead_letters=settings.dead_letter_topic)
