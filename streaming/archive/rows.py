"""Reads the results of an archive again, as the messages that they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from streaming.archive.archive import DATA_SETS, Row
from streaming.archive.location import ArchiveLocation
from streaming.errors import UsageError
from streaming.messages import DeadLetter, Deletion, Failure, OutputMessage, Source, Summary

# The data set; topic, partition and offset of the record; the recipe of a summary, the attempts of a dead letter.
Identity = tuple[str, str, int, int, str]
_POSITION = ("topic", "partition", "offset")
# What tells the results of one position apart.
_DISTINCT = {"summaries": ("recipe",), "dead_letters": ("error", "attempts")}
# Identities that are in memory at once: a few megabytes.
_BATCH_ROWS = 32 * 1024


def read_results(location: ArchiveLocation) -> Iterator[OutputMessage]:
    """Yield the summaries, dead letters and deletions of an archive; of a dead letter without its key, value, headers.

    Keeps the rows of one batch of Parquet in memory. Raises `UsageError` for a folder that is no archive, and
    `MachineError` when it cannot be read.
    """
    files = [(data_set, file) for data_set in DATA_SETS for file in location.parquet_files(data_set)]
    if not files:
        raise UsageError(f"There is no archive in {location.url}: it has no Parquet file in {', '.join(DATA_SETS)}.")
    for data_set, file in files:
        for row in location.rows(file.path, _COLUMNS.get(data_set)):
            try:
                yield _MESSAGES[data_set](_without_nulls(row))
            except (ValidationError, KeyError, TypeError):
                # Not as the cause: the exception's text has the row's.
                raise UsageError(
                    f"{file.path} in {location.url} has a row that is no result of this gistream."
                ) from None


def read_identities(location: ArchiveLocation) -> Iterator[Identity]:
    """Yield the identity of each result; raises `MachineError` when the archive cannot be read."""
    for data_set in DATA_SETS:
        distinct = _DISTINCT.get(data_set)
        columns = [f"source.{name}" for name in _POSITION] + ([".".join(distinct)] if distinct is not None else [])
        for file in location.parquet_files(data_set):
            for batch in location.batches(file.path, columns, _BATCH_ROWS):
                # Column by column: rows as dictionaries take three times as long (measurements.md, verify).
                values = [_values(batch, "source", name) for name in _POSITION]
                values.append([""] * batch.num_rows if distinct is None else list(map(str, _values(batch, *distinct))))
                yield from zip(repeat(data_set), *values, strict=False)


def _values(batch: pa.RecordBatch, column: str, field: str | None = None) -> list[Any]:
    values = batch.column(column)
    return (values if field is None else values.field(field)).to_pylist()  # type: ignore[no-any-return]


def read_dead_letters(location: ArchiveLocation, path: str) -> Iterator[DeadLetter]:
    """Yield the dead letters of a file, whole; raises `MachineError` when it cannot be read."""
    for row in location.rows(path):
        headers = [(header["name"], header["value"]) for header in row["headers"] or []]
        yield DeadLetter.model_validate(row | {"headers": headers})


def _dead_letter(row: Row) -> DeadLetter:
    return DeadLetter(
        key=None, value=None, error=Failure.model_validate(row["error"]), source=Source.model_validate(row["source"])
    )


def _deletion(row: Row) -> Deletion:
    return Deletion(row["id"], Source.model_validate(row["source"]))


def _without_nulls(value: Any) -> Any:
    """Return a value of a row without the fields that are null, which older files lack; the messages know defaults."""
    if isinstance(value, dict):
        return {name: _without_nulls(field) for name, field in value.items() if field is not None}
    return value


_MESSAGES: dict[str, Callable[[Row], OutputMessage]] = {
    "summaries": Summary.model_validate,
    "dead_letters": _dead_letter,
    "deletions": _deletion,
}
_COLUMNS = {"dead_letters": ["error", "source"]}
