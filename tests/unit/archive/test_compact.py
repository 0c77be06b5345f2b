"""Compaction: one file a day, every row, and readers in the middle of it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from archives import A_DAY_LATER, dead_letter, deletion, files, offsets, summary

from streaming.archive import Archive, ArchiveLocation, CompactedDay, compact
from streaming.errors import UsageError


def test_compacting_leaves_one_file_a_day_and_every_row(tmp_path: Path) -> None:
    archive, location = Archive(ArchiveLocation(str(tmp_path))), ArchiveLocation(str(tmp_path))
    for n in range(5):
        archive.write([summary(2 * n), summary(2 * n + 1, at=A_DAY_LATER), dead_letter(100 + n)], name=f"q-{n}")
    told: list[CompactedDay] = []
    compact(location, told.append)
    assert [(done.folder, done.files, done.rows) for done in told] == [
        ("summaries/day=2026-09-21", 5, 5),
        ("summaries/day=2026-09-22", 5, 5),
        ("dead_letters/day=2026-09-21", 5, 5),
    ]
    assert len(files(tmp_path)) == 3
    assert offsets(tmp_path) == list(range(10))
    assert offsets(tmp_path, "dead_letters") == [100, 101, 102, 103, 104]
    told.clear()
    compact(location, told.append)
    assert told == []


def test_a_batch_that_is_repeated_after_compacting_adds_nothing(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0)], name="q-0")
    Archive(ArchiveLocation(str(tmp_path))).write([summary(1)], name="q-1")
    compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    Archive(ArchiveLocation(str(tmp_path))).write([summary(1), summary(2)], name="q-1")
    assert offsets(tmp_path) == [0, 1, 2]


def test_compacting_takes_out_what_was_deleted(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    archive.write([summary(0, name="a"), summary(1, name="b")], name="q-0")
    archive.write([deletion("a", 2)], name="q-1")
    # It came back after its deletion.
    archive.write([summary(3, name="a")], name="q-2")
    compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    assert offsets(tmp_path) == [1, 3]
    assert offsets(tmp_path, "deletions") == [2]


def test_files_of_an_older_version_are_merged_with_nulls_for_what_they_lack(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0), summary(1)], name="q-0")
    [file] = tmp_path.glob("summaries/*/*.parquet")
    table = pq.read_table(file, partitioning=None)
    pq.write_table(table.slice(0, 1).drop_columns(["metadata", "signals"]), file.with_name("older.parquet"))
    pq.write_table(table.slice(1, 1), file)
    compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    rows = pq.read_table(tmp_path / "summaries").sort_by("id").to_pylist()
    assert [(row["id"], row["metadata"]) for row in rows] == [("d0", None), ("d1", [("team", "x")])]


def test_files_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0)], name="q-0")
    [file] = tmp_path.glob("summaries/*/*.parquet")
    table = pq.read_table(file, partitioning=None)
    newer = file.with_name("newer.parquet")
    pq.write_table(table.append_column("mood", [["glad"]]), newer)
    with pytest.raises(UsageError, match="has a column 'mood', which this gistream does not know"):
        compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    assert newer.exists()
    assert file.exists()


def test_a_reader_never_sees_double_or_nothing_while_files_are_merged(tmp_path: Path) -> None:
    where = f"{tmp_path}/summaries/*/*.parquet"
    during = 0

    def rows() -> list[int]:
        counts = []
        # A reader that listed the old files before the folders changed places finds one gone, and reads again.
        with suppress(FileNotFoundError):
            counts.append(ds.dataset(tmp_path / "summaries", partitioning="hive").to_table().num_rows)
        with suppress(duckdb.IOException):
            # Its "no files found" would be of the same kind, so they are counted first.
            assert list(tmp_path.glob("summaries/*/*.parquet"))
            counts += duckdb.sql(f"select count(*) from '{where}'").fetchall()[0]
        return counts

    archive = Archive(ArchiveLocation(str(tmp_path)))
    for cycle in range(1, 11):
        for n in range(10 * cycle - 10, 10 * cycle):
            archive.write([summary(2 * n), summary(2 * n + 1, at=A_DAY_LATER)], name=f"q-{n}")
        counts = rows()
        with ThreadPoolExecutor(1) as pool:
            merging = pool.submit(compact, ArchiveLocation(str(tmp_path)), lambda _: None)
            while not merging.done():
                counts += (while_merging := rows())
                during += len(while_merging)
            merging.result()
        counts += rows()
        assert set(counts) == {20 * cycle}
        assert len(files(tmp_path)) == 2
    assert during > 10


def test_who_listed_the_old_files_still_finds_every_row_once(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    for n in range(5):
        archive.write([summary(n)], name=f"q-{n}")
    listed = sorted(tmp_path.glob("summaries/*/*.parquet"))
    descriptor = os.open(listed[0].parent, os.O_RDONLY)
    compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    # One that drops the names it does not find, as pyarrow does while it lists; and one that is in the middle of it.
    rows = [row for path in listed if path.exists() for row in pq.read_table(path, partitioning=None).to_pylist()]
    assert [row["source"]["offset"] for row in rows] == [0, 1, 2, 3, 4]
    still_there = sorted(os.listdir(descriptor))  # noqa: PTH208 - an open folder has no path any more
    assert still_there == [path.name for path in listed]
    os.close(descriptor)


def test_what_was_replaced_goes_when_nobody_can_be_listing_it(tmp_path: Path) -> None:
    archive, location = Archive(ArchiveLocation(str(tmp_path))), ArchiveLocation(str(tmp_path))
    for n in range(2):
        archive.write([summary(n)], name=f"q-{n}")
    compact(location, lambda _: None)
    [replaced] = (tmp_path / "_building").glob("compact-*")
    location.sweep()
    assert replaced.exists()
    os.utime(replaced, (0, 0))
    location.open()
    assert not replaced.exists()
    assert offsets(tmp_path) == [0, 1]


def test_a_days_folder_keeps_its_rights_and_what_others_put_there(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    for n in range(2):
        archive.write([summary(n)], name=f"q-{n}")
    [day] = (tmp_path / "summaries").iterdir()
    day.chmod(0o2775)
    (day / "notes.md").write_text("mine")
    compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    assert day.stat().st_mode & 0o7777 == 0o2775
    assert (day / "notes.md").read_text() == "mine"


def test_compacting_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no archive in"):
        compact(ArchiveLocation(str(tmp_path)), print)
