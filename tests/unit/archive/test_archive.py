"""The archive's promises, on a disk and on an object store, as the readers of the world see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archives import A_DAY_LATER, DAY, dead_letter, deletion, files, offsets, summary
from object_store import ObjectStore, object_store

from streaming.archive import SUMMARY, Archive, ArchiveLocation, compact
from streaming.archive.archive import day_of
from streaming.errors import MachineError, UsageError
from streaming.messages import DeadLetter, Summary
from streaming.settings import without_login


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


def test_a_batch_is_one_file_a_data_set_and_day(tmp_path: Path) -> None:
    later = summary(2, at=A_DAY_LATER)
    Archive(ArchiveLocation(str(tmp_path))).write(
        [summary(0), summary(1), later, dead_letter(3), deletion("d0", 4)], name="q-0"
    )
    assert files(tmp_path) == [
        "dead_letters/day=2026-09-21/q-0.parquet",
        "deletions/day=2026-09-22/q-0.parquet",
        "summaries/day=2026-09-21/q-0.parquet",
        "summaries/day=2026-09-22/q-0.parquet",
    ]
    assert offsets(tmp_path) == [0, 1, 2]


def test_a_summary_has_the_columns_of_the_contract(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0)], name="q-0")
    table = pq.read_table(tmp_path / "summaries" / "day=2026-09-21" / "q-0.parquet", partitioning=None)
    assert table.schema.equals(SUMMARY)
    [row] = table.to_pylist()
    columns = summary(0).model_dump(by_alias=True, exclude={"answer"})
    assert dict(row.pop("metadata")) == columns.pop("metadata")
    assert row == columns


@pytest.mark.parametrize(("older", "newer"), [("a-0", "b-0"), ("b-0", "a-0")], ids=["older first", "newer first"])
def test_files_without_sentences_are_read_together_with_newer_ones(tmp_path: Path, older: str, newer: str) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(1)], name=newer)
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0)], name=older)
    [file] = tmp_path.glob(f"summaries/*/{older}.parquet")
    leave_out_sentences(file)
    assert offsets(tmp_path) == [0, 1]
    where = f"{tmp_path}/summaries/*/*.parquet"
    with_duckdb = duckdb.sql(
        f"SELECT sentences, signals FROM read_parquet('{where}', union_by_name = true) ORDER BY id"
    )
    with_pandas = pd.read_parquet(tmp_path / "summaries", schema=SUMMARY).sort_values("id")
    for rows in (with_duckdb.fetchall(), with_pandas[["sentences", "signals"]].itertuples(index=False)):
        (no_sentences, old_signals), ([sentence], signals) = rows
        assert (no_sentences, old_signals["supported"], signals["supported"]) == (None, None, 1.0)
        assert (sentence["stands"], [list(span) for span in sentence["evidence"]]) == (True, [[4, 20]])


def test_a_batch_that_is_repeated_with_another_version_adds_to_its_older_file(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0), summary(1)], name="q-0")
    [file] = tmp_path.glob("summaries/*/*.parquet")
    leave_out_sentences(file)
    Archive(ArchiveLocation(str(tmp_path))).write([summary(1), summary(2)], name="q-0")
    rows = pq.read_table(tmp_path / "summaries").sort_by("id").to_pylist()
    assert [row["sentences"] is None for row in rows] == [True, False, False]


def leave_out_sentences(file: Path) -> None:
    """Make a file one of the first version, which had neither `sentences` nor the signal `supported`."""
    table = pq.read_table(file, partitioning=None).drop_columns(["sentences"])
    rows = table.to_pylist()
    for row in rows:
        del row["signals"]["supported"]
    place = table.schema.get_field_index("signals")
    signals = pa.field(
        "signals", pa.struct([field for field in table.schema.field(place).type if field.name != "supported"])
    )
    pq.write_table(pa.Table.from_pylist(rows, table.schema.set(place, signals)), file)


def test_a_dead_letter_is_kept_byte_for_byte(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([dead_letter(0)], name="q-0")
    [row] = pq.read_table(tmp_path / "dead_letters").to_pylist()
    assert (row["key"], row["value"], row["error"]["type"]) == (b"k", b"\xff\x00", "NotUtf8")
    assert [(header["name"], header["value"]) for header in row["headers"]] == [("twice", b"1"), ("twice", None)]


def test_a_batch_that_is_repeated_writes_over_its_file(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0), summary(1)], name="q-0")
    Archive(ArchiveLocation(str(tmp_path))).write([summary(1), summary(0, text="Anew.")], name="q-0")
    assert offsets(tmp_path) == [0, 1]
    assert sorted(pq.read_table(tmp_path / "summaries")["summary"].to_pylist()) == ["Anew.", "It burned."]
    assert len(files(tmp_path)) == 1


def test_a_file_that_is_written_over_loses_nothing_that_others_left_to_it(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    for batch in range(4):
        archive.write([summary(2 * batch), summary(2 * batch + 1)], name=f"q-{batch}")
    # The checkpoint was restored from a copy made after batch 0, and the batches are larger now.
    for batch, first in ((1, 2), (2, 5)):
        archive.write([summary(first + n) for n in range(3)], name=f"q-{batch}")
    assert offsets(tmp_path) == list(range(8))


def test_a_repeated_batch_with_another_recipe_takes_nothing_from_a_replay(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0)], name="q-0")
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0)], name="replay-0")
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0, recipe="r2")], name="q-0")
    assert sorted(row["recipe"] for row in pq.read_table(tmp_path / "summaries").to_pylist()) == ["r1", "r2"]


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("first", [summary(0), dead_letter(0)], ids=["summary first", "dead letter first"])
def test_a_summary_stands_where_another_attempt_made_a_dead_letter(
    tmp_path: Path, first: Summary | DeadLetter, merged: bool
) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    archive.write([first, summary(1), dead_letter(2)], name="q-0")
    if merged:
        archive.write([summary(3), dead_letter(4)], name="q-1")
        compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    archive.write(
        [dead_letter(0) if isinstance(first, Summary) else summary(0), summary(1), dead_letter(2)], name="q-0"
    )
    if merged:
        compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    more = [3] if merged else []
    assert offsets(tmp_path) == [0, 1, *more]
    assert offsets(tmp_path, "dead_letters") == [2, *[n + 1 for n in more]]


def test_a_dead_letters_file_that_is_emptied_goes(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    archive.write([dead_letter(0)], name="q-0")
    archive.write([summary(0)], name="q-0")
    assert files(tmp_path) == ["summaries/day=2026-09-21/q-0.parquet"]


def test_what_another_file_has_is_left_out_across_restarts(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([summary(0), dead_letter(1)], name="q-0")
    again = Archive(ArchiveLocation(str(tmp_path)))
    again.write([summary(0, text="Another text."), dead_letter(1), summary(2)], name="other-0")
    again.write([summary(2), summary(3), summary(3)], name="other-1")
    assert (offsets(tmp_path), offsets(tmp_path, "dead_letters")) == ([0, 2, 3], [1])


def test_another_recipe_is_another_result(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    archive.write([summary(0)], name="q-0")
    archive.write([summary(0, recipe="r2")], name="replay-0")
    assert offsets(tmp_path) == [0, 0]


def test_readers_of_the_whole_folder_see_no_file_that_is_being_built(tmp_path: Path) -> None:
    location = ArchiveLocation(str(tmp_path))
    location.open()
    Archive(location).write([summary(0)], name="q-0")
    assert not list((tmp_path / "_building").rglob("*.parquet"))


@pytest.mark.parametrize(
    ("clock", "day"),
    [(-1, "1970-01-01"), (DAY, "2026-09-21"), (253_402_300_800_000, "9999-12-31"), (2**62, "9999-12-31")],
)
def test_a_clock_off_the_mark_still_has_a_day(clock: int, day: str) -> None:
    assert day_of(clock) == day


def test_an_object_store_gets_each_file_in_one_upload(store: ObjectStore) -> None:
    location = ArchiveLocation(store.url("bucket/results"))
    location.open()
    Archive(location).write([summary(0), summary(1)], name="q-0")
    Archive(location).write([summary(0, text="Anew."), summary(1)], name="q-0")
    Archive(location).write([summary(1), summary(2)], name="q-1")
    paths = [file.path for file in location.parquet_files("summaries")]
    assert paths == ["summaries/day=2026-09-21/q-0.parquet", "summaries/day=2026-09-21/q-1.parquet"]
    rows = [row for path in paths for row in location.read(path).to_pylist()]
    assert [row["source"]["offset"] for row in rows] == [0, 1, 2]
    assert rows[0]["summary"] == "Anew."
    assert not [path for path in store.objects if "_building/" in path]
    with pytest.raises(UsageError, match="is no disk"):
        compact(location, print)


def test_a_login_in_the_url_is_shown_to_nobody(store: ObjectStore) -> None:
    location = ArchiveLocation(store.url("bucket/results"))
    assert "mine" not in location.url
    assert "hidden" not in without_login("s3://AKIA:a/hidden/b@bucket/x and gs://bucket?client_secret=hidden&region=x")
    with pytest.raises(UsageError, match=r"s3://\*+@bucket") as caught:
        ArchiveLocation(store.url("bucket/results") + "&nonsense=1")
    assert "mine" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://host/folder", "s3://bucket?nonsense=1"])
def test_a_place_that_nothing_opens_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="cannot hold files"):
        ArchiveLocation(url)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="cannot be written"):
        ArchiveLocation(str(tmp_path / "file" / "below")).open()
