"""The Parquet sink.

Writes summaries, dead letters and deletions to an archive. Item: one row of topic, key, value and headers. Unit: one
file per micro-batch, data set and day. Guarantee: each identity once for every reader, also after a crash between write
and commit, because a batch's files are named after the checkpoint and the batch (see `streaming.archive`).

The rows of a micro-batch are collected by the driver, in one action: that runs the model once, and all data sets are
written from what it made. A micro-batch is small: `batch_documents` an executor.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.streaming.readwriter import DataStreamWriter

from streaming.archive import Archive
from streaming.errors import QueryError
from streaming.messages import OutputMessage, read_result

_log = logging.getLogger(__name__)
# What a row of topic, key, value and headers says.
ReadRow = Callable[[dict[str, Any]], OutputMessage | None]


def write_results_as_parquet(results: DataFrame, archive: Archive, *, name: str, dead_letters: str) -> DataStreamWriter:
    """Return the writer of the query's own results; `name` begins the names of its files.

    `dead_letters` is the topic that a dead letter's row names.
    """

    def read(row: dict[str, Any]) -> OutputMessage | None:
        if (found := _read(row, dead_letters)) is None:
            raise QueryError("A result that was just made cannot be read back: a bug; nothing of it was committed.")
        return found

    return _write(results, archive, name, read)


def write_topics_as_parquet(records: DataFrame, archive: Archive, *, name: str, dead_letters: str) -> DataStreamWriter:
    """Return the writer of what is on the output topics; records there that are none of gistream's are left out."""

    def read(row: dict[str, Any]) -> OutputMessage | None:
        if (found := _read(row, dead_letters)) is None:
            where = f"{row['topic']}-{row['partition']}"
            _log.warning("offset %d of %s is none of gistream's records and was left out", row["offset"], where)
        return found

    return _write(records, archive, name, read)


def _write(frame: DataFrame, archive: Archive, name: str, read: ReadRow) -> DataStreamWriter:
    def write(batch: DataFrame, number: int) -> None:
        archive.write(_results(batch, read), name=f"{name}-{number:09d}")

    return frame.writeStream.foreachBatch(write)


def _results(batch: DataFrame, read: ReadRow) -> Iterator[OutputMessage]:
    for row in batch.toArrow().to_pylist():
        if (result := read(row)) is not None:
            yield result


def _read(row: dict[str, Any], dead_letters: str) -> OutputMessage | None:
    headers = [(header["key"], header["value"]) for header in row["headers"] or []]
    return read_result(row["key"], row["value"], headers, dead_letter=row["topic"] == dead_letters)
