"""The Kafka source.

Reads the records of topics.

Item: one record, with key, value, headers and position.
Unit of parallelism: a whole topic partition, because the order of an id's results depends on it.
Guarantee: each committed offset is read once. After a crash, or a stop that did not wait, the micro-batch that was not
committed is read again, with exactly the same offsets.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import expr

from streaming.settings import Settings
from streaming.settings.kafka_options import for_spark


def read_documents(spark: SparkSession, settings: Settings, *, most: int) -> DataFrame:
    """Return the stream of the input topics' records, at most `most` in a micro-batch; see `read_topics`."""
    if settings.input_pattern is not None:
        topics = {"subscribePattern": settings.input_pattern}
    else:
        topics = {"subscribe": ",".join(settings.input_topics)}
    return read_topics(spark, settings, topics, most=most)


def read_topics(spark: SparkSession, settings: Settings, topics: Mapping[str, str], *, most: int) -> DataFrame:
    """Return a stream of records: key, value, headers, topic, partition, offset, timestamp (ms since 1970).

    `topics` is Spark's option that names the topics, `most` the most records of a micro-batch.
    """
    options = {
        # Kafka answers the question for a partition's end only after the fetch that waits there, 0.5 s by default: a
        # micro-batch of 50 partitions began with 25 s of this (measurements.md, partitions).
        "kafka.fetch.max.wait.ms": "10",
        **for_spark(settings.kafka),
        "kafka.bootstrap.servers": settings.servers,
        **topics,
        # For a new checkpoint: a service that is installed today also summarizes the documents of yesterday.
        "startingOffsets": "earliest",
        "maxOffsetsPerTrigger": str(most),
        "includeHeaders": "true",
        # Records that retention deleted before they were read are lost, and a loss is an error.
        "failOnDataLoss": "true",
        # The records of an aborted transaction do not count.
        "kafka.isolation.level": "read_committed",
    }
    return (
        spark.readStream.format("kafka")
        .options(**options)
        .load()
        .select(
            "key",
            "value",
            "headers",
            "topic",
            "partition",
            "offset",
            expr("unix_millis(timestamp)").alias("timestamp"),
        )
    )
