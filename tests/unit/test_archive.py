"""The archive's promises, on a disk and on an object store, as the readers of the world see them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from object_store import ObjectStore, object_store

from streaming.archive import SUMMARY, Archive, Compacted, Place, compact
from streaming.archive.archive import day_of
from streaming.errors import MachineError, UsageError
from streaming.messages import (
    DeadLetter,
    Deleted,
    Failure,
    ModelInfo,
    PromptInfo,
    Signals,
    Source,
    Summary,
    Tokens,
)
from streaming.settings import without_login

DAY = 1_790_000_000_000  # 2026-09-21
A_DAY_LATER = DAY + 86_400_000


def summary(offset: int, *, name: str = "", recipe: str = "r1", at: int = DAY, text: str = "It burned.") -> Summary:
    return Summary(
        id=name or f"d{offset}",
        summary=text,
        status="ok",
        model=ModelInfo(name="m", sha256="ab", representation="Q4_1"),
        prompt=PromptInfo(name="default", sha256="cd"),
        recipe=recipe,
        strategy="stuff",
        chunks=1,
        tokens=Tokens(prompt=10, completion=5),
        seconds=0.5,
        signals=Signals(repetition=0.0),
        document_sha256="ef",
        source=Source(topic="documents", partition=0, offset=offset, timestamp=at),
        produced_at=datetime(2026, 9, 21, 12, tzinfo=timezone.utc),
        metadata={"team": "x"},
    )


def dead_letter(offset: int) -> DeadLetter:
    return DeadLetter(
        key=b"k",
        value=b"\xff\x00",
        headers=[("twice", b"1"), ("twice", None)],
        error=Failure(stage="decode", type="NotUtf8", message="no text"),
        source=Source(topic="documents", partition=0, offset=offset, timestamp=DAY),
    )


def deletion(name: str, offset: int) -> Deleted:
    return Deleted(name, Source(topic="documents", partition=0, offset=offset, timestamp=A_DAY_LATER))


def offsets(folder: Path, kind: str = "summaries") -> list[int]:
    """Return the source offsets that four readers agree on."""
    where = f"{folder}/{kind}/*/*.parquet"
    read = [
        [row["source"]["offset"] for row in ds.dataset(folder / kind, partitioning="hive").to_table().to_pylist()],
        [row["source"]["offset"] for row in pq.read_table(folder / kind).to_pylist()],
        [row["offset"] for row in pd.read_parquet(folder / kind)["source"]],
        [row[0] for row in duckdb.sql(f"select source.offset from read_parquet('{where}')").fetchall()],
    ]
    assert all(sorted(one) == sorted(read[0]) for one in read)
    return sorted(read[0])


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("[!_]*/*/*.parquet"))


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


def test_a_batch_is_one_file_a_data_set_and_day(tmp_path: Path) -> None:
    later = summary(2, at=A_DAY_LATER)
    Archive(Place(str(tmp_path))).write([summary(0), summary(1), later, dead_letter(3), deletion("d0", 4)], name="q-0")
    assert files(tmp_path) == [
        "dead_letters/day=2026-09-21/q-0.parquet",
        "deletions/day=2026-09-22/q-0.parquet",
        "summaries/day=2026-09-21/q-0.parquet",
        "summaries/day=2026-09-22/q-0.parquet",
    ]
    assert offsets(tmp_path) == [0, 1, 2]


def test_a_summary_has_the_columns_of_the_contract(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([summary(0)], name="q-0")
    table = pq.read_table(tmp_path / "summaries" / "day=2026-09-21" / "q-0.parquet", partitioning=None)
    assert table.schema.equals(SUMMARY)
    [row] = table.to_pylist()
    written = summary(0).model_dump(by_alias=True)
    assert dict(row.pop("metadata")) == written.pop("metadata")
    assert row == written


def test_a_dead_letter_is_kept_byte_for_byte(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([dead_letter(0)], name="q-0")
    [row] = pq.read_table(tmp_path / "dead_letters").to_pylist()
    assert (row["key"], row["value"], row["error"]["type"]) == (b"k", b"\xff\x00", "NotUtf8")
    assert [(header["name"], header["value"]) for header in row["headers"]] == [("twice", b"1"), ("twice", None)]


def test_a_batch_that_is_repeated_writes_over_its_file(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([summary(0), summary(1)], name="q-0")
    Archive(Place(str(tmp_path))).write([summary(1), summary(0, text="Anew.")], name="q-0")
    assert offsets(tmp_path) == [0, 1]
    assert sorted(pq.read_table(tmp_path / "summaries")["summary"].to_pylist()) == ["Anew.", "It burned."]
    assert len(files(tmp_path)) == 1


def test_a_file_that_is_written_over_loses_nothing_that_others_left_to_it(tmp_path: Path) -> None:
    archive = Archive(Place(str(tmp_path)))
    for batch in range(4):
        archive.write([summary(2 * batch), summary(2 * batch + 1)], name=f"q-{batch}")
    # The checkpoint was restored from a copy made after batch 0, and the batches are larger now.
    for batch, first in ((1, 2), (2, 5)):
        archive.write([summary(first + n) for n in range(3)], name=f"q-{batch}")
    assert offsets(tmp_path) == list(range(8))


def test_a_repeated_batch_with_another_recipe_takes_nothing_from_a_replay(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([summary(0)], name="q-0")
    Archive(Place(str(tmp_path))).write([summary(0)], name="replay-0")
    Archive(Place(str(tmp_path))).write([summary(0, recipe="r2")], name="q-0")
    assert sorted(row["recipe"] for row in pq.read_table(tmp_path / "summaries").to_pylist()) == ["r1", "r2"]


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("first", [summary(0), dead_letter(0)], ids=["summary first", "dead letter first"])
def test_a_summary_stands_where_another_attempt_made_a_dead_letter(
    tmp_path: Path, first: Summary | DeadLetter, merged: bool
) -> None:
    archive = Archive(Place(str(tmp_path)))
    archive.write([first, summary(1), dead_letter(2)], name="q-0")
    if merged:
        archive.write([summary(3), dead_letter(4)], name="q-1")
        compact(Place(str(tmp_path)), lambda _: None)
    archive.write(
        [dead_letter(0) if isinstance(first, Summary) else summary(0), summary(1), dead_letter(2)], name="q-0"
    )
    if merged:
        compact(Place(str(tmp_path)), lambda _: None)
    more = [3] if merged else []
    assert offsets(tmp_path) == [0, 1, *more]
    assert offsets(tmp_path, "dead_letters") == [2, *[n + 1 for n in more]]


def test_a_dead_letters_file_that_is_emptied_goes(tmp_path: Path) -> None:
    archive = Archive(Place(str(tmp_path)))
    archive.write([dead_letter(0)], name="q-0")
    archive.write([summary(0)], name="q-0")
    assert files(tmp_path) == ["summaries/day=2026-09-21/q-0.parquet"]


def test_what_another_file_has_is_left_out_across_restarts(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([summary(0), dead_letter(1)], name="q-0")
    again = Archive(Place(str(tmp_path)))
    again.write([summary(0, text="Another text."), dead_letter(1), summary(2)], name="other-0")
    again.write([summary(2), summary(3), summary(3)], name="other-1")
    assert (offsets(tmp_path), offsets(tmp_path, "dead_letters")) == ([0, 2, 3], [1])


def test_another_recipe_is_another_result(tmp_path: Path) -> None:
    archive = Archive(Place(str(tmp_path)))
    archive.write([summary(0)], name="q-0")
    archive.write([summary(0, recipe="r2")], name="replay-0")
    assert offsets(tmp_path) == [0, 0]


def test_readers_of_the_whole_folder_see_no_file_that_is_being_built(tmp_path: Path) -> None:
    place = Place(str(tmp_path))
    place.open()
    Archive(place).write([summary(0)], name="q-0")
    assert not list((tmp_path / "_building").rglob("*.parquet"))


@pytest.mark.parametrize(
    ("clock", "day"),
    [(-1, "1970-01-01"), (DAY, "2026-09-21"), (253_402_300_800_000, "9999-12-31"), (2**62, "9999-12-31")],
)
def test_a_clock_off_the_mark_still_has_a_day(clock: int, day: str) -> None:
    assert day_of(Source(topic="t", partition=0, offset=0, timestamp=clock)) == day


def test_an_object_store_gets_each_file_in_one_upload(store: ObjectStore) -> None:
    place = Place(store.url("bucket/results"))
    place.open()
    Archive(place).write([summary(0), summary(1)], name="q-0")
    Archive(place).write([summary(0, text="Anew."), summary(1)], name="q-0")
    Archive(place).write([summary(1), summary(2)], name="q-1")
    found = [file.path for file in place.files("summaries")]
    assert found == ["summaries/day=2026-09-21/q-0.parquet", "summaries/day=2026-09-21/q-1.parquet"]
    rows = [row for path in found for row in place.read(path).to_pylist()]
    assert [row["source"]["offset"] for row in rows] == [0, 1, 2]
    assert rows[0]["summary"] == "Anew."
    assert not [path for path in store.objects if "_building/" in path]
    with pytest.raises(UsageError, match="is no disk"):
        compact(place, print)


def test_a_login_in_the_url_is_shown_to_nobody(store: ObjectStore) -> None:
    place = Place(store.url("bucket/results"))
    assert "mine" not in place.url
    assert "hidden" not in without_login("s3://AKIA:a/hidden/b@bucket/x and gs://bucket?client_secret=hidden&region=x")
    with pytest.raises(UsageError, match=r"s3://\*+@bucket") as caught:
        Place(store.url("bucket/results") + "&nonsense=1")
    assert "mine" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://host/folder", "s3://bucket?nonsense=1"])
def test_a_place_that_nothing_opens_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no place for Parquet files"):
        Place(url)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="cannot be written"):
        Place(str(tmp_path / "file" / "below")).open()


def test_compacting_leaves_one_file_a_day_and_every_row(tmp_path: Path) -> None:
    archive, place = Archive(Place(str(tmp_path))), Place(str(tmp_path))
    for n in range(5):
        archive.write([summary(2 * n), summary(2 * n + 1, at=A_DAY_LATER), dead_letter(100 + n)], name=f"q-{n}")
    told: list[Compacted] = []
    compact(place, told.append)
    assert [(done.folder, done.files, done.rows) for done in told] == [
        ("summaries/day=2026-09-21", 5, 5),
        ("summaries/day=2026-09-22", 5, 5),
        ("dead_letters/day=2026-09-21", 5, 5),
    ]
    assert len(files(tmp_path)) == 3
    assert offsets(tmp_path) == list(range(10))
    assert offsets(tmp_path, "dead_letters") == [100, 101, 102, 103, 104]
    told.clear()
    compact(place, told.append)
    assert told == []


def test_a_batch_that_is_repeated_after_compacting_adds_nothing(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([summary(0)], name="q-0")
    Archive(Place(str(tmp_path))).write([summary(1)], name="q-1")
    compact(Place(str(tmp_path)), lambda _: None)
    Archive(Place(str(tmp_path))).write([summary(1), summary(2)], name="q-1")
    assert offsets(tmp_path) == [0, 1, 2]


def test_compacting_takes_out_what_was_deleted(tmp_path: Path) -> None:
    archive = Archive(Place(str(tmp_path)))
    archive.write([summary(0, name="a"), summary(1, name="b")], name="q-0")
    archive.write([deletion("a", 2)], name="q-1")
    # It came back after its deletion.
    archive.write([summary(3, name="a")], name="q-2")
    compact(Place(str(tmp_path)), lambda _: None)
    assert offsets(tmp_path) == [1, 3]
    assert offsets(tmp_path, "deletions") == [2]


def test_files_of_an_older_version_are_merged_with_nulls_for_what_they_lack(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([summary(0), summary(1)], name="q-0")
    [file] = tmp_path.glob("summaries/*/*.parquet")
    table = pq.read_table(file, partitioning=None)
    pq.write_table(table.slice(0, 1).drop_columns(["metadata", "signals"]), file.with_name("older.parquet"))
    pq.write_table(table.slice(1, 1), file)
    compact(Place(str(tmp_path)), lambda _: None)
    rows = pq.read_table(tmp_path / "summaries").sort_by("id").to_pylist()
    assert [(row["id"], row["metadata"]) for row in rows] == [("d0", None), ("d1", [("team", "x")])]


def test_files_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([summary(0)], name="q-0")
    [file] = tmp_path.glob("summaries/*/*.parquet")
    table = pq.read_table(file, partitioning=None)
    newer = file.with_name("newer.parquet")
    pq.write_table(table.append_column("mood", [["glad"]]), newer)
    with pytest.raises(UsageError, match="has a column 'mood', which this gistream does not know"):
        compact(Place(str(tmp_path)), lambda _: None)
    assert newer.exists()
    assert file.exists()


def test_a_reader_never_sees_double_or_nothing_while_files_are_merged(tmp_path: Path) -> None:
    where = f"{tmp_path}/summaries/*/*.parquet"
    during = 0

    def rows() -> list[int]:
        found = []
        # A reader that listed the old files before the folders changed places finds one gone, and reads again.
        with suppress(FileNotFoundError):
            found.append(ds.dataset(tmp_path / "summaries", partitioning="hive").to_table().num_rows)
        with suppress(duckdb.IOException):
            # Its "no files found" would be of the same kind, so they are counted first.
            assert list(tmp_path.glob("summaries/*/*.parquet"))
            found += duckdb.sql(f"select count(*) from '{where}'").fetchall()[0]
        return found

    archive = Archive(Place(str(tmp_path)))
    for cycle in range(1, 11):
        for n in range(10 * cycle - 10, 10 * cycle):
            archive.write([summary(2 * n), summary(2 * n + 1, at=A_DAY_LATER)], name=f"q-{n}")
        counts = rows()
        with ThreadPoolExecutor(1) as pool:
            merging = pool.submit(compact, Place(str(tmp_path)), lambda _: None)
            while not merging.done():
                counts += (seen := rows())
                during += len(seen)
            merging.result()
        counts += rows()
        assert set(counts) == {20 * cycle}
        assert len(files(tmp_path)) == 2
    assert during > 10


def test_who_listed_the_old_files_still_finds_every_row_once(tmp_path: Path) -> None:
    archive = Archive(Place(str(tmp_path)))
    for n in range(5):
        archive.write([summary(n)], name=f"q-{n}")
    listed = sorted(tmp_path.glob("summaries/*/*.parquet"))
    descriptor = os.open(listed[0].parent, os.O_RDONLY)
    compact(Place(str(tmp_path)), lambda _: None)
    # One that drops the names it does not find, as pyarrow does while it lists; and one that is in the middle of it.
    rows = [row for path in listed if path.exists() for row in pq.read_table(path, partitioning=None).to_pylist()]
    assert [row["source"]["offset"] for row in rows] == [0, 1, 2, 3, 4]
    still_there = sorted(os.listdir(descriptor))  # noqa: PTH208 - an open folder has no path any more
    assert still_there == [path.name for path in listed]
    os.close(descriptor)


def test_what_was_replaced_goes_when_nobody_can_be_listing_it(tmp_path: Path) -> None:
    archive, place = Archive(Place(str(tmp_path))), Place(str(tmp_path))
    for n in range(2):
        archive.write([summary(n)], name=f"q-{n}")
    compact(place, lambda _: None)
    [left] = (tmp_path / "_building").glob("compact-*")
    place.sweep()
    assert left.exists()
    os.utime(left, (0, 0))
    place.open()
    assert not left.exists()
    assert offsets(tmp_path) == [0, 1]


def test_a_days_folder_keeps_its_rights_and_what_others_put_there(tmp_path: Path) -> None:
    archive = Archive(Place(str(tmp_path)))
    for n in range(2):
        archive.write([summary(n)], name=f"q-{n}")
    [day] = (tmp_path / "summaries").iterdir()
    day.chmod(0o2775)
    (day / "notes.md").write_text("mine")
    compact(Place(str(tmp_path)), lambda _: None)
    assert day.stat().st_mode & 0o7777 == 0o2775
    assert (day / "notes.md").read_text() == "mine"


def test_compacting_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no archive in"):
        compact(Place(str(tmp_path)), print)
