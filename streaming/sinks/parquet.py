"""The Parquet sink.

Writes summaries, dead letters and deletions to an archive. Item: one row of topic, key, value and headers. Unit: one
file per micro-batch, data set and day. Guarantee: each identity once for every reader, also after a crash between write
and commit, because a batch's files are named after the checkpoint and the batch (see `streaming.archive`).

The rows of a micro-batch are collected by the driver, in one action: that runs the model once, and both data sets are
written from what it made. A micro-batch is small: `batch_documents` an executor.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import DataFrame
from pyspark.sql.streaming.readwriter import DataStreamWriter

from streaming.archive import Archive, Record


def write_parquet(results: DataFrame, archive: Archive, *, name: str, dead_letter_topic: str) -> DataStreamWriter:
    """Return the writer of the stream of results; `name` begins the names of its files."""

    def write(frame: DataFrame, batch: int) -> None:
        archive.write(_records(frame, dead_letter_topic), name=f"{name}-{batch:09d}")

    return results.writeStream.foreachBatch(write)


def _records(frame: DataFrame, dead_letter_topic: str) -> Iterator[Record]:
    for row in frame.toArrow().to_pylist():
        yield Record(
            key=row["key"],
            value=row["value"],
            headers=[(header["key"], header["value"]) for header in row["headers"] or []],
            dead_letter=row["topic"] == dead_letter_topic,
        )
