"""Reads a Parquet file: a document for each row, of the columns that a document is made of, a few rows at a time.

Item: a row; `producers.formats.rows` finds the document's fields by the names of the columns. Memory: the pages of a
column that are open, not the file. A value that JSON does not have is its text: a time in ISO 8601, a decimal number in
its digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow.parquet import ParquetFile

from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from producers.formats.rows import needed_columns, places_of, require_row, table_row_part
from streaming.errors import BadInput
from streaming.json_document import FieldPlaces

# Rows that are in memory at once: a few MB of documents of 100 kB.
_ROWS = 64
_BUFFER_BYTES = 1024 * 1024
# The values that JSON has.
_PLAIN = (str, bool, int, float, type(None))


def read_parquet(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the rows of a Parquet file; raises `BadInput`: `Binary` for a damaged one, `NoText` for one without texts.

    What is damaged further down is told after the rows before it.
    """
    places = places_of(options)
    number = 0
    try:
        # Without `pre_buffer` the columns of a whole row group would be read first.
        with ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES) as file:
            columns = needed_columns(places, file.schema_arrow.names)
            for part in require_row(_rows(file, columns, places)):
                number += 1
                yield part
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        # pyarrow has an `OSError` without a number for its own; names of columns may be damaged, too.
        if isinstance(error, OSError) and error.errno:
            raise
        where = f" behind row {number:,}" if number else ""
        raise BadInput(
            f"a Parquet file that is damaged{where}: it is not complete, or was changed", type="Binary"
        ) from error


def _rows(file: ParquetFile, columns: list[str], places: FieldPlaces) -> Iterator[Part | PartRefusal]:
    number = 0
    for batch in file.iter_batches(_ROWS, columns=columns, use_threads=False):
        for index in range(batch.num_rows):
            number += 1
            try:
                cells = [_plain(column[index].as_py(maps_as_pydicts="lossy")) for column in batch.columns]
            except UnicodeDecodeError:
                yield PartRefusal(str(number), "a text that is not UTF-8")
                continue
            yield table_row_part(dict(zip(batch.schema.names, cells, strict=True)), number, places)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; raises `UnicodeDecodeError` for bytes that are no text."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode()
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)
