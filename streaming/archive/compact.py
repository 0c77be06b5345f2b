"""Merges the small files of a day into one and removes deleted summaries; a reader sees each row exactly once.

The day's new folder is built beside the data set. Then the two folders are exchanged in one step of the file system: a
reader that lists the day before that sees the old files, a reader that lists it later sees the new file. For a reader
between listing and opening:

- The merged file has the name of the first old file. So a reader that ignores missing names (as pyarrow does while it
  lists) still finds every row once.
- A reader that opens a name that is gone gets an error and must read again; it never gets a wrong count.
- Replaced files stay in `_building` for readers that are still listing them. The next query or compaction deletes them,
  at least one minute later.

Object stores and HDFS cannot exchange two folders, so this works on disks only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from streaming.archive.answers import PREFIX
from streaming.archive.archive import DATA_SETS, Position, Row, position
from streaming.archive.location import ArchiveLocation
from streaming.errors import MachineError, UsageError
from streaming.storage import BUILDING, File, flush

# The size of a row group in bytes of memory: small enough for a reader to skip well, and a merge needs the memory of a
# few row groups at most.
_ROW_GROUP_BYTES = 64 * 1024 * 1024
_AT_FDCWD = -100
# renameat2's flag on Linux (linux/fs.h), renamex_np's on macOS (sys/stdio.h).
_RENAME_EXCHANGE = _RENAME_SWAP = 2

# Tells whether a row is removed.
Drop = Callable[[Row], bool]
# The columns that decide.
_KEYS = {"summaries": ["id", "source"], "dead_letters": ["source", "error"], "deletions": ["source"]}


@dataclass(frozen=True)
class CompactedDay:
    """A day of a data set after its compaction: `files` became one file of `rows`, and `deleted` rows were removed."""

    folder: str
    files: int
    rows: int
    deleted: int


def compact(
    location: ArchiveLocation,
    on_day: Callable[[CompactedDay], None],
    *,
    on_folder: Callable[[str, int], None] = lambda _folder, _total: None,
) -> None:
    """Merge each day's files; `on_day` is called for each day that had something to merge or to delete.

    `on_folder` is called before each day, with its folder and the number of all days.

    Writers wait, for one day at a time. Raises `UsageError` when the location is no disk or holds no archive, and
    `MachineError`.
    """
    root = location.local
    if root is None:
        raise UsageError(
            f"{location.url} is no disk, and only a disk can exchange two folders in one step; copy it to one, compact "
            "it there and copy it back while nobody reads."
        )
    if not any((root / folder).is_dir() for folder in DATA_SETS):
        raise UsageError(f"There is no archive in {root}: it has no folder {', '.join(DATA_SETS)}.")
    location.sweep()
    days = [f"{folder}/{day.name}" for folder in DATA_SETS for day in sorted((root / folder).glob("day=*"))]
    for folder in days:
        on_folder(folder, len(days))
        with location.locked():
            compacted = _compact_day(location, root, folder)
        if compacted is not None:
            on_day(compacted)


def _compact_day(location: ArchiveLocation, root: Path, folder: str) -> CompactedDay | None:
    files = location.parquet_files(folder)
    drop = _drop_rule(location, folder)
    deleted = sum(
        drop(row) for file in files for row in location.read(file.path, _KEYS[folder.partition("/")[0]]).to_pylist()
    )
    if len(files) < 2 and not deleted:
        return None
    building, old = root / BUILDING / f"compact-{uuid.uuid4().hex}", root / folder
    building.mkdir(parents=True)
    try:
        rows = _merge(location, files, drop, building / Path(files[0].path).name)
        _copy_rest(old, building, {Path(file.path).name for file in files})
        _exchange(building, old)
    except BaseException as error:
        shutil.rmtree(building)
        if isinstance(error, OSError):
            raise MachineError(f"{folder} in {root} could not be compacted, and is as it was: {error}.") from error
        raise
    # A sweep deletes it one minute from now.
    os.utime(building)
    return CompactedDay(folder, len(files), rows, deleted)


def _copy_rest(old: Path, new: Path, merged: set[str]) -> None:
    """Give a day's new folder the owner and rights of the old folder, and a copy of all foreign files."""
    for entry in old.iterdir():
        if entry.name not in merged:
            (shutil.copytree if entry.is_dir() else shutil.copy2)(entry, new / entry.name)
    status = old.stat()
    for path in (new, *new.glob("*.parquet")):
        os.chown(path, status.st_uid, status.st_gid)
    shutil.copymode(old, new)
    flush(new)


def _merge(location: ArchiveLocation, files: list[File], drop: Drop, merged: Path) -> int:
    """Write the remaining rows of `files` into one file, in the order of the files; returns their number."""
    schema = _schema(location, files)
    rows: int = 0
    with merged.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(location, files, drop, schema):
            writer.write_table(group)
            rows += group.num_rows
    flush(merged)
    return rows


def _schema(location: ArchiveLocation, files: list[File]) -> pa.Schema:
    """Return the columns of the merged file: those of the contract, and the answers that any of the files has."""
    schema = DATA_SETS[files[0].path.partition("/")[0]]
    answers = pa.schema([])
    for file in files:
        columns = location.schema(file.path)
        own = pa.schema([field for field in columns if field.name.startswith(PREFIX)])
        if foreign := set(columns.names) - set(schema.names) - set(own.names):
            raise UsageError(
                f"{file.path} in {location.url} has a column '{min(foreign)}', which this gistream does not know; "
                "compact it with the version that wrote it."
            )
        try:
            # A field that one version of a profile has and another one lacks becomes null.
            answers = pa.unify_schemas([answers, own], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise UsageError(
                f"{file.path} in {location.url} has answers of another type than the day's other files: {error}. A "
                "profile whose schema changes a type needs a new name; move the file elsewhere to compact the others."
            ) from error
    return pa.schema([*schema, *answers])


def _groups(location: ArchiveLocation, files: list[File], drop: Drop, schema: pa.Schema) -> Iterator[pa.Table]:
    tables: list[pa.Table] = []
    for file in files:
        table = location.read(file.path)
        # Through rows, because a file of an older version lacks columns, which become null.
        tables.append(pa.Table.from_pylist([row for row in table.to_pylist() if not drop(row)], schema))
        if sum(table.nbytes for table in tables) > _ROW_GROUP_BYTES:
            yield pa.concat_tables(tables)
            tables = []
    if tables:
        yield pa.concat_tables(tables)


def _drop_rule(location: ArchiveLocation, folder: str) -> Drop:
    """Return the function that finds the rows to remove.

    They are deleted summaries, and dead letters of documents that have a summary or failed once more.
    """
    data_set, day = folder.split("/")
    if data_set == "summaries":
        newest: dict[tuple[str, int, str], int] = {}
        for row in _rows(location, "deletions", ["id", "source"]):
            topic, partition, offset = position(row)
            newest[topic, partition, row["id"]] = max(newest.get((topic, partition, row["id"]), -1), offset)

        def is_deleted(row: Row) -> bool:
            topic, partition, offset = position(row)
            return newest.get((topic, partition, row["id"]), -1) >= offset

        return is_deleted
    if data_set == "dead_letters":
        summarized = {position(row) for row in _rows(location, f"summaries/{day}", ["source"])}
        attempts: dict[Position, int] = {}
        for row in _rows(location, folder, ["source", "error"]):
            attempts[position(row)] = max(attempts.get(position(row), 0), row["error"]["attempts"])

        def is_over(row: Row) -> bool:
            return position(row) in summarized or row["error"]["attempts"] < attempts[position(row)]

        return is_over
    return lambda _: False


def _rows(location: ArchiveLocation, folder: str, columns: list[str]) -> Iterator[Row]:
    for file in location.parquet_files(folder):
        yield from location.read(file.path, columns).to_pylist()


def _exchange(first: Path, second: Path) -> None:
    """Exchange two folders in one step; raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    paths = os.fsencode(first), os.fsencode(second)
    if sys.platform == "darwin":
        failed = libc.renamex_np(*paths, _RENAME_SWAP)
    else:
        failed = libc.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE)
    if failed:
        code = ctypes.get_errno()
        reason = "this file system cannot exchange two folders" if code == errno.EINVAL else os.strerror(code)
        raise OSError(code, reason)
    flush(second.parent)
