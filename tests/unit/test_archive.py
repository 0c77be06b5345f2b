"""The archive's promises, on a disk and on an object store, as the readers of the world see them."""

from __future__ import annotations

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

from streaming.archive import SUMMARY, Archive, Compacted, Place, Record, compact
from streaming.archive.archive import day_of
from streaming.errors import MachineError, UsageError
from streaming.messages import (
    DeadLetter,
    Failure,
    ModelInfo,
    PromptInfo,
    Signals,
    Source,
    Summary,
    Tokens,
    source_headers,
)

DAY = 1_790_000_000_000  # 2026-09-21
A_DAY_LATER = DAY + 86_400_000


def summary(offset: int, *, name: str = "", recipe: str = "r1", at: int = DAY, text: str = "It burned.") -> Record:
    made = Summary(
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
    return Record(made.id.encode(), made.to_json(), [], dead_letter=False)


def dead_letter(offset: int, value: bytes = b"\xff\x00") -> Record:
    source = Source(topic="documents", partition=0, offset=offset, timestamp=DAY)
    letter = DeadLetter(
        key=b"k",
        value=value,
        headers=[("twice", b"1"), ("twice", None)],
        error=Failure(stage="decode", type="NotUtf8", message="no text"),
        source=source,
    )
    return Record(letter.key, letter.value, letter.kafka_headers(), dead_letter=True)


def deletion(name: str, offset: int) -> Record:
    source = Source(topic="documents", partition=0, offset=offset, timestamp=A_DAY_LATER)
    return Record(name.encode(), None, source_headers([], source), dead_letter=False)


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
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))


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
    written = Summary.model_validate_json(summary(0).value or b"")
    assert dict(row.pop("metadata")) == written.metadata
    assert row == {k: v for k, v in written.model_dump(by_alias=True).items() if k != "metadata"}


def test_a_dead_letter_is_kept_byte_for_byte(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([dead_letter(0)], name="q-0")
    [row] = pq.read_table(tmp_path / "dead_letters").to_pylist()
    assert (row["key"], row["value"], row["error"]["type"]) == (b"k", b"\xff\x00", "NotUtf8")
    assert [(header["name"], header["value"]) for header in row["headers"]] == [("twice", b"1"), ("twice", None)]


def test_a_batch_that_is_repeated_replaces_its_files(tmp_path: Path) -> None:
    Archive(Place(str(tmp_path))).write([summary(0), summary(1)], name="q-0")
    # After a crash; this time one document ended otherwise, and another text came out.
    Archive(Place(str(tmp_path))).write([summary(0, text="Anew."), dead_letter(1)], name="q-0")
    assert (offsets(tmp_path), offsets(tmp_path, "dead_letters")) == ([0], [1])
    assert pq.read_table(tmp_path / "summaries")["summary"].to_pylist() == ["Anew."]


def test_a_repeated_batch_without_summaries_leaves_none(tmp_path: Path) -> None:
    archive = Archive(Place(str(tmp_path)))
    archive.write([summary(0)], name="q-0")
    archive.write([dead_letter(0)], name="q-0")
    assert files(tmp_path) == ["dead_letters/day=2026-09-21/q-0.parquet"]


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


def test_records_of_somebody_else_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Archive(Place(str(tmp_path))).write([Record(b"k", b"hello", [], dead_letter=False), summary(0)], name="q-0")
    assert offsets(tmp_path) == [0]
    assert "1 records of batch q-0 are none of gistream's" in caplog.text


def test_readers_of_the_whole_folder_see_no_file_that_is_being_built(tmp_path: Path) -> None:
    place = Place(str(tmp_path))
    place.open()
    Archive(place).write([summary(0)], name="q-0")
    assert not list((tmp_path / "_building").rglob("*.parquet"))


@pytest.mark.parametrize("clock", [-1, 0, 253_402_300_800_000])
def test_a_clock_off_the_mark_still_has_a_day(clock: int) -> None:
    assert day_of(Source(topic="t", partition=0, offset=0, timestamp=clock)) in ("1970-01-01", "9999-12-31")


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
    assert not list((tmp_path / "_building").glob("compact-*"))
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


def test_a_reader_never_sees_double_or_nothing_while_files_are_merged(tmp_path: Path) -> None:
    def rows() -> list[int]:
        found = []
        # A reader that listed the old files before the folders changed places finds them gone, and reads again.
        with suppress(FileNotFoundError):
            found.append(ds.dataset(tmp_path / "summaries", partitioning="hive").to_table().num_rows)
        with suppress(duckdb.IOException):
            found += duckdb.sql(f"select count(*) from '{tmp_path}/summaries/*/*.parquet'").fetchall()[0]
        return found

    archive = Archive(Place(str(tmp_path)))
    for cycle in range(1, 11):
        for n in range(10 * cycle - 10, 10 * cycle):
            archive.write([summary(n)], name=f"q-{n}")
        counts = rows()
        with ThreadPoolExecutor(1) as pool:
            merging = pool.submit(compact, Place(str(tmp_path)), lambda _: None)
            while not merging.done():
                counts += rows()
            merging.result()
        counts += rows()
        assert set(counts) == {10 * cycle}
        assert len(files(tmp_path)) == 1


def test_compacting_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no archive in"):
        compact(Place(str(tmp_path)), print)
