"""Merges the small files of a day into one, and takes out what was deleted, without a moment of double or nothing.

A day's new folder is built beside the data set, and then the two folders change places in one step of the file system:
whoever lists the day before sees the old files, whoever lists it after sees the new one. A reader that listed before
and opens after finds no file and must read again; it never gets a wrong count. Object stores and HDFS cannot exchange
two folders, so this is for disks alone.
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

from streaming.archive.archive import DATA_SETS
from streaming.archive.place import BUILDING, File, Place
from streaming.errors import MachineError, UsageError

# Rows are gathered to row groups of about this many bytes, as they are in memory: few enough for a reader to skip
# well, and what is merged never needs more memory than some of them.
_ROW_GROUP_BYTES = 64 * 1024 * 1024
_AT_FDCWD = -100
# renameat2's flag on Linux (linux/fs.h), renamex_np's on macOS (sys/stdio.h).
_RENAME_EXCHANGE = _RENAME_SWAP = 2

# The newest deletion of each document: topic, partition and id, and the offset.
Deletions = dict[tuple[str, int, str], int]


@dataclass(frozen=True)
class Compacted:
    """What was done to a day of a data set: `files` became one, `deleted` rows went."""

    folder: str
    files: int
    rows: int
    deleted: int


def compact(place: Place, told: Callable[[Compacted], None]) -> None:
    """Merge each day's files, and tell of each day that had something to merge or to delete.

    Writers wait meanwhile, a day at a time. Raises `UsageError` when the place is no disk or holds no archive, and
    `MachineError`.
    """
    root = place.local
    if root is None:
        raise UsageError(
            f"{place.url} is no disk, and only a disk can exchange two folders in one step; copy it to one, compact it "
            "there and copy it back while nobody reads."
        )
    if not any((root / folder).is_dir() for folder in DATA_SETS):
        raise UsageError(f"There is no archive in {root}: it has no folder {', '.join(DATA_SETS)}.")
    _sweep(place, root)
    for folder in DATA_SETS:
        for day in sorted(path.name for path in (root / folder).glob("day=*")):
            with place.locked():
                done = _compact_day(place, root, f"{folder}/{day}")
            if done is not None:
                told(done)


def _compact_day(place: Place, root: Path, folder: str) -> Compacted | None:
    files = place.files(folder)
    deletions = _deletions(place) if folder.startswith("summaries/") else {}
    deleted = sum(_doomed(place, file, deletions) for file in files)
    if len(files) < 2 and not deleted:
        return None
    building = root / BUILDING / f"compact-{uuid.uuid4().hex}"
    merged = building / f"compacted-{uuid.uuid4().hex[:12]}.parquet"
    building.mkdir(parents=True)
    try:
        rows = _merge(place, files, deletions, merged)
        _exchange(building, root / folder)
    except OSError as error:
        raise MachineError(f"{folder} in {root} could not be compacted, and is as it was: {error}.") from error
    finally:
        # The old files, when all went well; else what was built.
        shutil.rmtree(building, ignore_errors=True)
    return Compacted(folder, len(files), rows, deleted)


def _merge(place: Place, files: list[File], deletions: Deletions, merged: Path) -> int:
    """Write the rows of `files` that are not deleted into one file, the oldest offsets first; returns how many."""
    schema = DATA_SETS[files[0].path.partition("/")[0]]
    written: int = 0
    with merged.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(place, files, deletions, schema):
            writer.write_table(group)
            written += group.num_rows
        writer.close()
        file.flush()
        os.fsync(file.fileno())
    return written


def _groups(place: Place, files: list[File], deletions: Deletions, schema: pa.Schema) -> Iterator[pa.Table]:
    gathered: list[pa.Table] = []
    for file in files:
        table = place.read(file.path)
        gathered.append(_without(table, deletions).select(schema.names).cast(schema))
        if sum(table.nbytes for table in gathered) > _ROW_GROUP_BYTES:
            yield pa.concat_tables(gathered)
            gathered = []
    if gathered:
        yield pa.concat_tables(gathered)


def _deletions(place: Place) -> Deletions:
    found: Deletions = {}
    for file in place.files("deletions"):
        for row in place.read(file.path).to_pylist():
            where = (row["source"]["topic"], row["source"]["partition"], row["id"])
            found[where] = max(found.get(where, -1), row["source"]["offset"])
    return found


def _doomed(place: Place, file: File, deletions: Deletions) -> int:
    if not deletions:
        return 0
    table = place.read(file.path, ["id", "source"])
    return int(table.num_rows - _without(table, deletions).num_rows)


def _without(table: pa.Table, deletions: Deletions) -> pa.Table:
    if not deletions:
        return table
    rows = zip(table["id"].to_pylist(), table["source"].to_pylist(), strict=True)
    kept = [s["offset"] > deletions.get((s["topic"], s["partition"], name), -1) for name, s in rows]
    return table.filter(pa.array(kept, pa.bool_()))


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change places in one step; raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        failed = libc.renamex_np(first, second, _RENAME_SWAP)
    else:
        failed = libc.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE)
    if failed:
        code = ctypes.get_errno()
        said = "this file system cannot exchange two folders" if code == errno.EINVAL else os.strerror(code)
        raise OSError(code, said)


def _sweep(place: Place, root: Path) -> None:
    """Remove what a compaction that was killed had built or replaced."""
    with place.locked():
        for left in (root / BUILDING).glob("compact-*"):
            shutil.rmtree(left)
