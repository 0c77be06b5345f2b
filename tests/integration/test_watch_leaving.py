"""What leaves a watched folder on a real broker: files that are done, that failed or are deleted, and the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from watching import fill, records, watch_once, watching

from producers.formats.options import ReadOptions
from producers.formats.split import Split
from producers.watch.reader import FileReader
from streaming.errors import UsageError
from streaming.settings import Settings

CHAPTERS = ReadOptions(Split.parse("CHAPTER .+"))


def test_a_file_leaves_for_done_when_kafka_has_it_and_a_bad_one_for_failed(
    topics: Settings, inbox: Path, tmp_path: Path
) -> None:
    fill(inbox, "a.txt", "sub/b.txt")
    (inbox / "bad.txt").write_bytes(b"\x00\x01\x02")
    done, failed = inbox / "done", tmp_path / "failed"
    watched = watch_once(topics, inbox, done=done, failed=failed)
    assert (watched.counts.files, watched.counts.failed) == (2, 1)
    assert (done / "sub/b.txt").is_file()
    assert (failed / "bad.txt").read_bytes() == b"\x00\x01\x02"
    assert (failed / "bad.txt.reason.txt").read_text() == "binary, no text: gistream reads JSON and text\n"
    assert not [path for path in inbox.rglob("*") if path.is_file() and not path.is_relative_to(done)]
    # The same file again is sent no second time, and leaves, too; what is in done/ is no new file.
    fill(inbox, "a.txt")
    assert watch_once(topics, inbox, done=done, failed=failed, deletes=True).counts.acknowledged == 0
    assert sorted(path.name for path in done.iterdir()) == ["a-1.txt", "a.txt", "sub"]
    assert {key: len(texts) for key, texts in records(topics).items()} == {"a.txt": 1, "sub/b.txt": 1}


def test_files_that_were_sent_before_leave_when_done_is_asked_for(
    topics: Settings, inbox: Path, tmp_path: Path
) -> None:
    fill(inbox, "a.txt")
    watch_once(topics, inbox)
    assert watch_once(topics, inbox, done=tmp_path / "done").counts.acknowledged == 0
    assert (tmp_path / "done/a.txt").is_file()


def test_a_bad_file_that_stays_is_told_once_for_each_version(topics: Settings, inbox: Path) -> None:
    (inbox / "bad.txt").write_bytes(b"\x00\x01\x02")
    said = [watch_once(topics, inbox).lines("failed") for _ in range(2)]
    assert said == [["bad.txt: binary, no text: gistream reads JSON and text"], []]
    (inbox / "bad.txt").write_text("A text.")
    assert watch_once(topics, inbox).counts.acknowledged == 1


def test_a_file_that_may_not_be_read_is_told_and_read_when_it_may(
    topics: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inbox, "a.txt")

    # The tests may run as root, whom no permission keeps out.
    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(FileReader, "_version", refuse)
        assert watch_once(topics, inbox).lines("failed") == ["a.txt: Permission denied"]
    (inbox / "a.txt").chmod(0o600)
    assert watch_once(topics, inbox).counts.acknowledged == 1


def test_a_deleted_file_is_a_tombstone_and_sent_again_when_it_comes_back(topics: Settings, inbox: Path) -> None:
    fill(inbox, "a.txt", "b.txt")
    with watching(topics, inbox, deletes=True) as watched:
        watched.until(lambda: watched.counts.acknowledged == 2)
        (inbox / "a.txt").unlink()
        watched.until(lambda: watched.counts.deleted == 1)
        fill(inbox, "a.txt")
        watched.until(lambda: watched.counts.acknowledged == 3)
    assert watched.lines("deleted") == ["1 document of a.txt"]
    assert records(topics) == {
        "a.txt": ["The text of a.txt.", None, "The text of a.txt."], "b.txt": ["The text of b.txt."],
    }  # fmt: skip


def test_without_delete_nothing_is_deleted_and_a_later_delete_makes_up_for_it(topics: Settings, inbox: Path) -> None:
    fill(inbox, "a.txt", "b.txt")
    watch_once(topics, inbox)
    (inbox / "a.txt").unlink()
    assert watch_once(topics, inbox).counts.deleted == 0
    assert watch_once(topics, inbox, deletes=True).counts.deleted == 1


def test_an_empty_or_missing_folder_deletes_nothing(topics: Settings, inbox: Path, tmp_path: Path) -> None:
    fill(inbox, *(f"{n}.txt" for n in range(5)))
    with watching(topics, inbox, deletes=True) as watched:
        watched.until(lambda: watched.counts.acknowledged == 5)
        # As when a disk is not mounted: first the folder is away, then an empty one is there.
        inbox.rename(tmp_path / "away")
        inbox.mkdir()
        watched.until(lambda: watched.lines("nothing deleted"), seconds=60)
        inbox.rmdir()
        (tmp_path / "away").rename(inbox)
        watched.until(lambda: watched.lines("files back"))
        (inbox / "0.txt").unlink()
        watched.until(lambda: watched.counts.deleted)
    assert watched.lines("deleted") == ["1 document of 0.txt"]
    assert watched.counts.acknowledged == 5


def test_a_folder_that_is_away_is_waited_for(
    topics: Settings, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.watch.watch._SCAN_SECONDS", 0.5)
    monkeypatch.setattr("producers.watch.watch._RETRY_SECONDS", 0.5)
    fill(inbox, "a.txt")
    with watching(topics, inbox, deletes=True) as watched:
        watched.until(lambda: watched.counts.acknowledged == 1)
        inbox.rename(tmp_path / "away")
        watched.until(lambda: watched.lines("folder away"))
        (tmp_path / "away").rename(inbox)
        watched.until(lambda: watched.lines("folder back"))
        fill(inbox, "b.txt")
        watched.until(lambda: watched.counts.acknowledged == 2)
    assert watched.counts.deleted == 0
    assert len(watched.lines("folder away")) == 1


def test_the_folder_of_done_files_may_not_be_the_watched_one(topics: Settings, inbox: Path) -> None:
    with pytest.raises(UsageError, match="--done"):
        watch_once(topics, inbox, done=inbox)
