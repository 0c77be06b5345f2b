"""Erasing documents leaves nothing of them in an archive but the positions of their records."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from archives import A_DAY_LATER, dead_letter, deletion, files, offsets, summary
from object_store import object_store

from streaming.archive import Archive, ArchiveLocation, compact
from streaming.archive.erase import erase, files_of, rows_of
from streaming.messages import OutputMessage, Record

SECRET = "A secret that burned."


def id_of(record: Record) -> str | None:
    return None if record.key is None else record.key.decode()


def write(folder: Path, *batches: Sequence[OutputMessage]) -> None:
    archive = Archive(ArchiveLocation(str(folder)))
    for number, batch in enumerate(batches):
        archive.write(batch, name=f"q-{number:09d}")


def erase_all(folder: Path, *ids: str) -> dict[str, dict[str, int]]:
    location = ArchiveLocation(str(folder))
    documents = rows_of(location, ids, id_of, lambda: None)
    days = {day for document in documents.values() for day in document.days}
    erase(location, days, ids, id_of, lambda: None)
    return {name: dict(document.rows) for name, document in documents.items()}


def holds(folder: Path, *texts: str) -> bool:
    """Tell whether a byte search finds one of the texts; Parquet is searched as it is and unpacked."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += str(pq.read_table(path).to_pylist()).encode()
        if any(text.encode() in content for text in texts):
            return True
    return False


def test_all_rows_of_a_document_go_and_those_of_others_stay(tmp_path: Path) -> None:
    write(
        tmp_path,
        [summary(0, name="a", text=SECRET), summary(1, name="b"), dead_letter(2)],
        [summary(3, name="a", text=SECRET, at=A_DAY_LATER), deletion("a", 4), deletion("b", 5)],
        [summary(6, name="a", text=SECRET)],
    )
    assert erase_all(tmp_path, "a", "k") == {"a": {"summaries": 3, "deletions": 1}, "k": {"dead_letters": 1}}
    assert not holds(tmp_path, SECRET, "'a'", "'k'")
    assert offsets(tmp_path) == [1]
    assert not list(tmp_path.glob("dead_letters/*/*"))
    # What is left of the records: where they were, for whoever accounts for them.
    assert offsets(tmp_path, "deletions") == [0, 2, 3, 4, 5, 6]
    names = ds.dataset(tmp_path / "deletions").to_table().to_pydict()["id"]
    assert sorted(name for name in names if name is not None) == ["b"]
    assert erase_all(tmp_path, "a", "k") == {}


def test_the_deletion_that_follows_from_a_topic_does_not_bring_the_id_back(tmp_path: Path) -> None:
    write(tmp_path, [summary(0, name="a", text=SECRET)])
    erase_all(tmp_path, "a")
    forgotten = deletion("a", 0)
    forgotten.source.timestamp = summary(0).source.timestamp  # type: ignore[union-attr]
    write(tmp_path, [], [forgotten])
    assert not holds(tmp_path, "'a'")


def test_a_deletion_at_the_offset_of_its_summary_deletes_it_when_a_new_archive_is_compacted(tmp_path: Path) -> None:
    write(tmp_path, [summary(0, name="a", text=SECRET), summary(1, name="b")], [deletion("a", 0)])
    compact(ArchiveLocation(str(tmp_path)), lambda _day: None)
    assert offsets(tmp_path) == [1]


def test_files_that_a_compaction_replaced_lose_the_document_at_once(tmp_path: Path) -> None:
    write(tmp_path, [summary(0, name="a", text=SECRET)], [summary(1, name="b")])
    compact(ArchiveLocation(str(tmp_path)), lambda _day: None)
    (tmp_path / "_building" / "killed").write_bytes(SECRET.encode())
    assert holds(tmp_path / "_building", SECRET)
    erase_all(tmp_path, "a")
    assert not holds(tmp_path, SECRET, "'a'")
    assert offsets(tmp_path) == [1]


def test_a_writer_goes_on_behind_an_erasure_and_repeats_no_row(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    archive.write([summary(0, name="a", text=SECRET), summary(1, name="b")], name="q-0")
    erase_all(tmp_path, "a")
    archive.write([summary(1, name="b"), summary(2, name="c")], name="q-1")
    assert offsets(tmp_path) == [1, 2]


def test_a_reader_of_an_open_file_reads_it_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, [summary(0, name="a"), summary(1, name="b")])
    [path] = files(tmp_path)
    with (tmp_path / path).open("rb") as opened:
        erase_all(tmp_path, "a")
        assert pq.ParquetFile(opened).metadata.num_rows == 2
    assert pq.read_table(tmp_path / path)["id"].to_pylist() == ["b"]


def test_columns_that_a_file_has_beside_ours_stay(tmp_path: Path) -> None:
    write(tmp_path, [summary(0, name="a"), summary(1, name="b")])
    path = tmp_path / files(tmp_path)[0]
    table = pq.read_table(path)
    pq.write_table(table.append_column("answer_tasks", [["x", "y"]]), path)
    erase_all(tmp_path, "a")
    assert pq.read_table(path)["answer_tasks"].to_pylist() == ["y"]


def test_rows_go_from_an_object_store(tmp_path: Path) -> None:
    with object_store() as buckets:
        location = ArchiveLocation(buckets.url("bucket/archive"))
        Archive(location).write([summary(0, name="a", text=SECRET), summary(1, name="b")], name="q-0")
        [days] = [rows.days for rows in rows_of(location, ["a"], id_of, lambda: None).values()]
        erase(location, days, ["a"], id_of, lambda: None)
        assert rows_of(location, ["a"], id_of, lambda: None) == {}
        assert sorted(rows_of(location, ["b"], id_of, lambda: None)) == ["b"]


def test_a_foreign_parquet_file_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, [summary(0, name="a")])
    foreign = tmp_path / "summaries" / "day=2026-09-21" / "mine.parquet"
    pq.write_table(pq.read_table(tmp_path / files(tmp_path)[0]).select(["recipe"]), foreign)
    assert len(files_of(ArchiveLocation(str(tmp_path)))) == 2
    erase_all(tmp_path, "a")
    assert foreign.exists()


@pytest.mark.parametrize("age", [0, 120])
def test_a_file_that_a_probe_left_is_nobodys(tmp_path: Path, age: int) -> None:
    write(tmp_path, [summary(0, name="a")])
    probe = tmp_path / "_building" / "probe-1"
    probe.touch()
    os.utime(probe, (time.time() - age, time.time() - age))
    erase_all(tmp_path, "a")
    assert probe.exists()
