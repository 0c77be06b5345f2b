"""The Kafka sink.

Writes summaries, tombstones and dead letters, each to the topic that its row names.

Item: one row of topic, key, value and headers.
Unit of parallelism: one record, sent as soon as the row is there.
Guarantee: at least once. After a crash, or a stop that did not wait, the results of the micro-batch that was not
committed may stand twice, with the same identity.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql.streaming.readwriter import DataStreamWriter

from streaming.pipeline.results import Topics
from streaming.settings import MIB, Settings
from streaming.settings.kafka_options import for_spark


def write_to_kafka(results: DataFrame, settings: Settings, topics: Topics) -> DataStreamWriter:
    """Return the writer of the stream of results."""
    return results.writeStream.format("kafka").options(**_options(settings, topics))


def write_batch_to_kafka(results: DataFrame, settings: Settings, topics: Topics) -> None:
    """Write the results of one micro-batch."""
    results.write.format("kafka").options(**_options(settings, topics)).save()


def _options(settings: Settings, topics: Topics) -> dict[str, str]:
    # A result that fits its topic must fit the request that carries it.
    largest = max(topics.output_limit, topics.dead_letter_limit)
    return {
        "kafka.max.request.size": str(largest + MIB),
        "kafka.buffer.memory": str(max(32 * MIB, 4 * largest)),
        "kafka.acks": "all",
        "kafka.enable.idempotence": "true",
        # The only compression that every client can read without another library.
        "kafka.compression.type": "gzip",
        **for_spark(settings.kafka),
        "kafka.bootstrap.servers": settings.servers,
        "includeHeaders": "true",
    }
