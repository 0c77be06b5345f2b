"""Records as a frame of Spark's, when gistream has read them itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from streaming.messages import Record

_SCHEMA = (
    "key binary, value binary, headers array<struct<key: string, value: binary>>, topic string, partition int, "
    "offset bigint, timestamp bigint"
)


def frame_of(spark: SparkSession, records: Sequence[Record]) -> DataFrame:
    """Return records as `read_topics` has them, in one task, so that results of one id keep the order of offsets."""
    return spark.createDataFrame([_row(record) for record in records], _SCHEMA).coalesce(1)


def _row(record: Record) -> tuple[Any, ...]:
    source = record.source
    position = source.topic, source.partition, source.offset, source.timestamp
    return record.key, record.value, record.headers, *position
