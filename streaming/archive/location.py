"""Where an archive is: a folder of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from streaming.storage import File, Folder

# Rows of a file that are in memory at once: some megabytes of summaries.
_BATCH_ROWS = 1024


class ArchiveLocation(Folder):
    """The folder that a path or URL names; the methods take paths relative to it."""

    def parquet_files(self, folder: str) -> list[File]:
        """Return the Parquet files below a folder, by path; none when it does not exist."""
        return self.files(folder, ".parquet")

    def read(self, path: str, columns: list[str] | None = None) -> pa.Table:
        """Return a file's rows; raises `MachineError` when it cannot be read."""
        with self.reading(path) as file:
            return pq.ParquetFile(file).read(columns=columns)

    def rows(self, path: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield a file's rows, with a map as a dictionary; raises `MachineError` when it cannot be read."""
        for batch in self.batches(path, columns, _BATCH_ROWS):
            yield from batch.to_pylist(maps_as_pydicts="lossy")

    def batches(self, path: str, columns: list[str] | None, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield a file's rows, at most `rows` at a time; raises `MachineError` when it cannot be read.

        A field of a column is named as `column.field`. Keeps one batch in memory, however long the file is.
        """
        with self.reading(path) as file:
            yield from pq.ParquetFile(file).iter_batches(rows, columns=columns)

    def schema(self, path: str) -> pa.Schema:
        """Return a file's columns; raises `MachineError` when it cannot be read."""
        with self.reading(path) as file:
            return pq.ParquetFile(file).schema_arrow

    def publish(self, path: str, rows: pa.Table) -> None:
        """Write `rows` as the file `path` in one step; an existing file is replaced."""
        content = pa.BufferOutputStream()
        # Every reader has zstd, and prose gets smaller than with snappy, the default.
        pq.write_table(rows, content, compression="zstd")
        self.write(path, content.getvalue())
