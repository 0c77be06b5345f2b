"""Finds and erases the rows of documents: from the data sets, and from what lies in `_building`.

A file is written again without the rows, in one step, or removed when no row is left; so a reader sees the rows of the
others exactly once. Writers wait, for one day at a time. What stays of a document is its records' positions: a row of
the deletions whose id is null. So `gistream verify` counts these records as deleted, and no copy of their deletions
from a topic brings the id back.

Works on disks and object stores alike: no folder is exchanged.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from streaming.archive.archive import DATA_SETS, Row, position
from streaming.archive.columns import DELETION
from streaming.archive.location import ArchiveLocation
from streaming.errors import MachineError
from streaming.messages import Record, Source
from streaming.storage import BUILDING, File

DataSet = Literal["summaries", "dead_letters", "deletions"]
# Returns the id of a dead letter's document, None when nobody can tell.
IdOf = Callable[[Record], str | None]
_DEAD_LETTER = ["key", "value", "headers", "source"]


@dataclass
class DocumentRows:
    """The rows of one document in an archive: how many in each data set, and their days (day=2026-01-31)."""

    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    days: set[str] = field(default_factory=set)


def rows_of(
    location: ArchiveLocation, ids: Collection[str], id_of: IdOf, on_file: Callable[[], None]
) -> dict[str, DocumentRows]:
    """Return the rows of documents, by id; `on_file` is called for each of `files_of`. Raises `MachineError`."""
    documents: dict[str, DocumentRows] = defaultdict(DocumentRows)
    for file in files_of(location):
        for match in _matches(location, file, ids, id_of):
            document = documents[match.id]
            document.rows[match.data_set] += 1
            if not file.path.startswith(BUILDING):
                document.days.add(_day(file))
        on_file()
    return documents


def files_of(location: ArchiveLocation) -> list[File]:
    """Return the files that may have rows: those of the data sets, and those that a compaction replaced."""
    return [file for folder in (*DATA_SETS, BUILDING) for file in location.parquet_files(folder)]


def erase(
    location: ArchiveLocation, days: Collection[str], ids: Collection[str], id_of: IdOf, on_day: Callable[[], None]
) -> None:
    """Erase the rows of documents on `days` (day=2026-01-31), and what lies in `_building`; raises `MachineError`.

    A process that is killed meanwhile leaves rows, and no half of a file: erase again.
    """
    for day in sorted(days):
        with location.locked():
            _erase_day(location, day, ids, id_of)
        on_day()
    with location.locked():
        # Whoever writes holds the lock: what is here was replaced, or is the unfinished file of a killed process.
        for file in location.files(BUILDING, ""):
            if file.bytes and not _is_free_of(location, file, ids, id_of):
                location.remove(file.path)


def _erase_day(location: ArchiveLocation, day: str, ids: Collection[str], id_of: IdOf) -> None:
    deletions = location.parquet_files(f"deletions/{day}")
    deleted = {position(row) for file in deletions for row in location.read(file.path, ["source"]).to_pylist()}
    sources: dict[Any, Row] = {}
    affected: list[File] = []
    for file in (file for folder in DATA_SETS for file in location.parquet_files(f"{folder}/{day}")):
        if matches := list(_matches(location, file, ids, id_of)):
            affected.append(file)
            sources |= {position({"source": match.source}): match.source for match in matches}
    # The positions first: a record must not lack both a result and its deletion.
    rows = [{"id": None, "source": source} for place, source in sources.items() if place not in deleted]
    if rows:
        path = f"deletions/{day}/gistream-forget-{uuid.uuid4().hex}.parquet"
        location.publish(path, pa.Table.from_pylist(rows, DELETION))
    for file in affected:
        _rewrite(location, file, ids, id_of)


def _rewrite(location: ArchiveLocation, file: File, ids: Collection[str], id_of: IdOf) -> None:
    """Write a file again without the documents' rows; a deletion keeps its row, and loses its id."""
    content, rows = pa.BufferOutputStream(), 0
    with location.reading(file.path) as opened:
        parquet = pq.ParquetFile(opened)
        with pq.ParquetWriter(content, parquet.schema_arrow, compression="zstd") as writer:
            for number in range(parquet.num_row_groups):
                # A group at a time: a compacted day is large.
                group = _without(parquet.read_row_group(number), ids, id_of)
                writer.write_table(group)
                rows += group.num_rows
    if rows:
        location.write(file.path, content.getvalue())
    else:
        location.remove(file.path)


def _without(table: pa.Table, ids: Collection[str], id_of: IdOf) -> pa.Table:
    data_set = _data_set(table.column_names)
    mask = pa.array([name is not None for name in _names(table, data_set, ids, id_of)])
    if data_set == "deletions":
        place = table.column_names.index("id")
        return table.set_column(place, table.field(place), pc.if_else(mask, pa.scalar(None, pa.string()), table["id"]))
    return table.filter(pc.invert(mask))


@dataclass(frozen=True)
class _Match:
    id: str
    data_set: DataSet
    source: Row


def _matches(location: ArchiveLocation, file: File, ids: Collection[str], id_of: IdOf) -> Iterator[_Match]:
    """Yield the rows of a file that are a document's."""
    with location.reading(file.path) as opened:
        parquet = pq.ParquetFile(opened)
        data_set = _data_set(parquet.schema_arrow.names)
        if data_set is None:
            return
        for number in range(parquet.num_row_groups):
            names = _names(parquet.read_row_group(number, columns=_deciding(data_set)), data_set, ids, id_of)
            if any(name is not None for name in names):
                sources = parquet.read_row_group(number, columns=["source"])["source"].to_pylist()
                for name, source in zip(names, sources, strict=True):
                    if name is not None:
                        yield _Match(name, data_set, source)


def _data_set(columns: Sequence[str]) -> DataSet | None:
    """Return the data set of a file with these columns, wherever it lies; None for a foreign file."""
    if not {"id", "key"} & set(columns) or "source" not in columns:
        return None
    if "id" not in columns:
        return "dead_letters"
    return "summaries" if "document_sha256" in columns else "deletions"


def _deciding(data_set: DataSet) -> list[str]:
    return _DEAD_LETTER if data_set == "dead_letters" else ["id"]


def _names(table: pa.Table, data_set: DataSet | None, ids: Collection[str], id_of: IdOf) -> list[str | None]:
    """Return for each row the id of its document if it is one of `ids`."""
    if data_set is None:
        return [None] * table.num_rows
    if data_set == "dead_letters":
        names = [id_of(_record(row)) for row in table.select(_DEAD_LETTER).to_pylist()]
    else:
        names = table["id"].to_pylist()
    return [name if name in ids else None for name in names]


def _record(row: Mapping[str, Any]) -> Record:
    headers = [(header["name"], header["value"]) for header in row["headers"] or []]
    return Record(row["key"], row["value"], headers, Source.model_validate(row["source"]))


def _is_free_of(location: ArchiveLocation, file: File, ids: Collection[str], id_of: IdOf) -> bool:
    """Tell whether a file can be read and has no row of the documents."""
    try:
        return next(_matches(location, file, ids, id_of), None) is None
    except MachineError:
        return False


def _day(file: File) -> str:
    return PurePosixPath(file.path).parts[1]
