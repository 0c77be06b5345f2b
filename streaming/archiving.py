"""The second query, when results go to Kafka and to Parquet: from the output topics to the archive.

    summaries, dead letters -> archive

It never runs the model, and an executor's core only for a moment, between two of the first query's micro-batches. Its
checkpoint is its own, and so is its pace: it writes what has come in a minute.
"""

from __future__ import annotations

import hashlib

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from streaming.archive import Archive, Place
from streaming.settings import Settings
from streaming.sinks.parquet import write_parquet
from streaming.source import read_topics

# As long as a micro-batch of the first query is meant to take: one file for each of those.
_PACE = "60 seconds"
# Records of a batch when there is much to catch up on: a summary with its headers has 2 to 4 kB.
_MOST_RECORDS = 5000


def archive_checkpoint(settings: Settings, place: Place) -> str:
    """Return where the archive's progress is: another place is another archive, which begins at the beginning."""
    return f"{settings.checkpoint_location}-archive-{hashlib.sha256(place.url.encode()).hexdigest()[:8]}"


def start_archiving(
    spark: SparkSession, settings: Settings, place: Place, *, checkpoint_id: str, once: bool
) -> StreamingQuery:
    """Start the query; with `once` it ends when it has read what is there now."""
    topics = {"subscribe": f"{settings.output_topic},{settings.dead_letter_topic}"}
    results = read_topics(spark, settings, topics, most=_MOST_RECORDS)
    # One file a batch needs no more than one task.
    writer = write_parquet(
        results.coalesce(1),
        Archive(place),
        name=f"{settings.query}-archive-{checkpoint_id[:12]}",
        dead_letter_topic=settings.dead_letter_topic,
    )
    writer = writer.queryName(f"{settings.query}-archive")
    writer = writer.option("checkpointLocation", archive_checkpoint(settings, place))
    return (writer.trigger(availableNow=True) if once else writer.trigger(processingTime=_PACE)).start()
