"""The second query, when results go to Kafka and to Parquet: from the output topics to the archive.

    summaries, dead letters -> archive

It never runs the model, and an executor's core only for a moment, between two of the first query's micro-batches. Its
checkpoint is its own, and so is its pace: it writes what has come in a minute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from streaming.archive import Archive, ArchiveLocation
from streaming.settings import Settings
from streaming.spark.checkpoint import Checkpoint
from streaming.spark.explain import explained
from streaming.spark.sinks.parquet import write_topics_as_parquet
from streaming.spark.source import read_topics

# As long as a micro-batch of the first query is meant to take: one file for each of those.
_PACE = "60 seconds"
# Records of a batch when there is much to catch up on: a summary with its headers has 2 to 4 kB.
_MOST_RECORDS = 5000


def archive_checkpoint(settings: Settings, archive_location: ArchiveLocation) -> Checkpoint:
    """Return the checkpoint of the archive's query; another location is another archive, filled from the beginning."""
    location = f"{settings.checkpoint_location}-archive-{hashlib.sha256(archive_location.url.encode()).hexdigest()[:8]}"
    return Checkpoint(location, anew=f"remove the folder {location}, and the archive is filled from the topics again")


@contextmanager
def archiving(
    spark: SparkSession, settings: Settings, location: ArchiveLocation, *, checkpoint_id: str, once: bool
) -> Iterator[StreamingQuery]:
    """Run the query for as long as the context lasts; with `once` it ends when it has read what is there now."""
    checkpoint = archive_checkpoint(settings, location)
    topics = {"subscribe": f"{settings.output_topic},{settings.dead_letter_topic}"}
    records = read_topics(spark, settings, topics, most=_MOST_RECORDS)
    # One file a batch needs no more than one task.
    writer = write_topics_as_parquet(
        records.coalesce(1),
        Archive(location),
        name=f"{settings.query}-archive-{checkpoint_id[:12]}",
        dead_letters=settings.dead_letter_topic,
    )
    writer = writer.queryName(f"{settings.query}-archive").option("checkpointLocation", checkpoint.location)
    with explained(settings, checkpoint):
        query = (writer.trigger(availableNow=True) if once else writer.trigger(processingTime=_PACE)).start()
        try:
            yield query
        finally:
            query.stop()
