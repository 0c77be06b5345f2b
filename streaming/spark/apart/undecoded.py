"""Records that Spark's Kafka source cannot decode, which must not stop a query.

Spark keeps times in microseconds, so it fails on a record that was stamped in nanoseconds, before any code of ours sees
it (KAFKA_MALFORMED_RECORD_TIMESTAMP), and at each start again. Then the planned micro-batch is read by another client
(`read_planned`), runs as a job of its own, and is noted in Spark's own log (`commit`). The query resumes behind it.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from streaming.errors import QueryError
from streaming.kafka.records import read_ranges
from streaming.settings import Settings
from streaming.spark.apart.records_frame import frame_of
from streaming.spark.checkpoint.spark_logs import PlannedBatch, planned_batch


def cannot_be_decoded(error: QueryError) -> bool:
    """Tell whether a query failed at a record that Spark's Kafka source cannot decode."""
    # Python gets the message of the error alone, not its name.
    return "overflows when converting to Spark's microsecond-precision" in str(error.__cause__)


def read_planned(spark: SparkSession, settings: Settings, location: str) -> tuple[PlannedBatch, DataFrame]:
    """Return the planned micro-batch of the checkpoint at `location`, and its records as `read_topics` has them."""
    planned = planned_batch(location)
    return planned, frame_of(spark, list(read_ranges(settings, planned.ranges)))


def commit(spark: SparkSession, location: str, number: int) -> None:
    """Note a micro-batch in Spark's own commit log; a query without watermark and state commits a zero."""
    logs = spark._jvm.org.apache.spark.sql.execution.streaming.checkpointing  # type: ignore[union-attr]
    log = logs.CommitLog(spark._jsparkSession, f"{location}/commits", False)
    log.add(number, logs.CommitMetadata(0))
