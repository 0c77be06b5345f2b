"""The Parquet sink.

Writes summaries, dead letters and deletions to an archive (`streaming.archive`).

Item: one row of topic, key, value and headers.
Unit of parallelism: none. The driver collects a micro-batch, which is small (`batch_documents` an executor), and writes
one file per data set and day. It collects in one action, which runs the model once for all data sets.
Guarantee: each identity once for every reader. After a crash, or a stop that did not wait, the micro-batch
that was not committed is written again, over its own files: their names come from the checkpoint and the batch.
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
from streaming.settings import Settings

_log = logging.getLogger(__name__)
# Turns a row of topic, key, value and headers into its message; None leaves the row out.
ReadRow = Callable[[dict[str, Any]], OutputMessage | None]


# Writes the results of a micro-batch, which has this number.
WriteBatch = Callable[[DataFrame, int], None]


def archive_name(settings: Settings, checkpoint_id: str) -> str:
    """Return the beginning of the names of the files that a query writes."""
    return f"{settings.query}-{checkpoint_id[:12]}"


def result_writer(archive: Archive, *, name: str, dead_letters: str) -> WriteBatch:
    """Return the function that writes a micro-batch of the query's own results; `name` begins its files' names.

    `dead_letters` is the topic that the row of a dead letter names.
    """

    def read(row: dict[str, Any]) -> OutputMessage | None:
        if (message := _read(row, dead_letters)) is None:
            raise QueryError("A result that was just made cannot be read back: a bug; nothing of it was committed.")
        return message

    return _batch_writer(archive, name, read)


def write_to_parquet(results: DataFrame, archive: Archive, *, name: str, dead_letters: str) -> DataStreamWriter:
    """Return the writer of the query's own results; see `result_writer`."""
    return results.writeStream.foreachBatch(result_writer(archive, name=name, dead_letters=dead_letters))


def topics_writer(archive: Archive, *, name: str, dead_letters: str) -> WriteBatch:
    """Return the function that writes records of the output topics.

    Foreign records are left out, and a log line says so.
    """

    def read(row: dict[str, Any]) -> OutputMessage | None:
        if (message := _read(row, dead_letters)) is None:
            partition = f"{row['topic']}-{row['partition']}"
            _log.warning("offset %d of %s is none of gistream's records and was left out", row["offset"], partition)
        return message

    return _batch_writer(archive, name, read)


def _batch_writer(archive: Archive, name: str, read: ReadRow) -> WriteBatch:
    def write(batch: DataFrame, number: int) -> None:
        archive.write(_messages(batch, read), name=f"{name}-{number:09d}")

    return write


def _messages(batch: DataFrame, read: ReadRow) -> Iterator[OutputMessage]:
    for row in batch.toArrow().to_pylist():
        if (message := read(row)) is not None:
            yield message


def _read(row: dict[str, Any], dead_letters: str) -> OutputMessage | None:
    headers = [(header["key"], header["value"]) for header in row["headers"] or []]
    return read_result(row["key"], row["value"], headers, dead_letter=row["topic"] == dead_letters)
