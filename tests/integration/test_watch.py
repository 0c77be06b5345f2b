"""A folder that is watched, on a real broker: what comes into it is on the topic once."""

from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest
from kafka import KafkaProducer
from watching import fill, records, watch_once, watching

from producers.formats.options import ReadOptions
from producers.formats.split import Split
from producers.watch.input_topic import InputTopic
from producers.watch.state import State
from streaming.errors import CheckpointError
from streaming.kafka.topics import Admin
from streaming.settings import Settings

CHAPTERS = ReadOptions(Split.parse("CHAPTER .+"))


class Killed(BaseException):
    """The end of a process."""


def end_before_the_note(settings: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch until Kafka has all documents, and end before that is noted."""

    def die(*_arguments: object, **_named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(State, "conclude", die)
        with pytest.raises(Killed):
            watch_once(settings, inbox)


def test_each_version_of_a_file_is_sent_once(topics: Settings, inbox: Path) -> None:
    fill(inbox, "a.txt", "sub/b.txt")
    assert watch_once(topics, inbox).counts.acknowledged == 2
    assert watch_once(topics, inbox).counts.acknowledged == 0
    os.utime(inbox / "a.txt")
    assert watch_once(topics, inbox).counts.acknowledged == 0
    (inbox / "a.txt").write_text("A newer text.")
    assert watch_once(topics, inbox).counts.acknowledged == 1
    assert records(topics) == {
        "a.txt": ["The text of a.txt.", "A newer text."], "sub/b.txt": ["The text of sub/b.txt."],
    }  # fmt: skip


def test_a_change_that_keeps_size_and_time_is_noticed(topics: Settings, inbox: Path) -> None:
    file = inbox / "a.txt"
    file.write_text("one")
    watch_once(topics, inbox)
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_text("two")
    # As with a clock that was set back.
    os.utime(file, ns=times)
    watch_once(topics, inbox)
    assert records(topics) == {"a.txt": ["one", "two"]}


def test_what_comes_while_it_watches_is_sent(topics: Settings, inbox: Path) -> None:
    fill(inbox, "before.txt")
    with watching(topics, inbox) as watched:
        watched.until(lambda: watched.counts.acknowledged == 1)
        fill(inbox, "new.txt", "folder/deep/new.txt")
        (inbox / "renamed.part").write_text("complete")
        watched.until(lambda: watched.counts.acknowledged == 3)
        (inbox / "renamed.part").rename(inbox / "renamed.txt")
        watched.until(lambda: watched.counts.acknowledged == 4)
        (inbox / "folder").rename(inbox / "other")
        watched.until(lambda: watched.counts.acknowledged == 5)
    assert {key: len(texts) for key, texts in records(topics).items()} == {
        "before.txt": 1, "new.txt": 1, "folder/deep/new.txt": 1, "renamed.txt": 1, "other/deep/new.txt": 1,
    }  # fmt: skip


def test_a_file_whose_event_is_lost_is_found_by_the_next_scan(
    topics: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.watch.events.watch", lambda *_, **__: (set() for _ in repeat(None)))
    monkeypatch.setattr("producers.watch.watch._SCAN_SECONDS", 0.5)
    with watching(topics, inbox) as watched:
        watched.until(lambda: "watching" in watched.events())
        fill(inbox, "a.txt")
        watched.until(lambda: watched.counts.acknowledged == 1)


def test_a_file_that_is_written_slowly_is_sent_when_it_is_complete(topics: Settings, inbox: Path) -> None:
    with watching(topics, inbox, settle=1.0) as watched:
        with (inbox / "slow.txt").open("w") as file:
            for number in range(20):
                file.write(f"line {number}\n")
                file.flush()
                threading.Event().wait(0.1)
        watched.until(lambda: watched.counts.acknowledged)
    [text] = records(topics)["slow.txt"]
    assert text is not None
    assert len(text.splitlines()) == 20


def test_a_link_leads_nowhere_even_when_the_system_tells_what_changes_behind_it(
    topics: Settings, inbox: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    fill(outside, "old.txt")
    (inbox / "link").symlink_to(outside)
    with watching(topics, inbox) as watched:
        watched.until(lambda: watched.lines("not followed"))
        fill(outside, "new.txt")
        fill(inbox, "a.txt")
        watched.until(lambda: watched.counts.acknowledged)
        threading.Event().wait(1)
    assert set(records(topics)) == {"a.txt"}


def test_a_system_without_events_is_scanned_and_that_is_said_once(
    topics: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Iterator[set[object]]:
        raise OSError("OS file watch limit reached")
        yield set()

    monkeypatch.setattr("producers.watch.events.watch", refuse)
    monkeypatch.setattr("producers.watch.watch._SCAN_SECONDS", 0.5)
    with watching(topics, inbox) as watched:
        watched.until(lambda: watched.lines("no events"))
        fill(inbox, "a.txt")
        watched.until(lambda: watched.counts.acknowledged == 1)
    assert len(watched.lines("no events")) == 1


def test_a_document_that_is_too_large_fails_and_its_neighbours_do_not(
    topics: Settings, inbox: Path, tmp_path: Path
) -> None:
    (inbox / "book.txt").write_text(f"CHAPTER 1\n{'long ' * 500}\nCHAPTER 2\nshort\n")
    small = topics.model_copy(update={"max_document_bytes": 1024})
    watched = watch_once(small, inbox, reading=CHAPTERS, failed=tmp_path / "failed")
    assert (watched.counts.acknowledged, watched.counts.failed) == (1, 1)
    reason = (tmp_path / "failed/book.txt.reason.txt").read_text()
    assert reason.startswith("1 document refused: book.txt#1: ")
    assert "max_document_bytes" in reason


def test_an_empty_file_is_one_that_is_not_written_yet(topics: Settings, inbox: Path) -> None:
    (inbox / "a.txt").touch()
    assert watch_once(topics, inbox).counts.failed == 0
    fill(inbox, "a.txt")
    assert watch_once(topics, inbox).counts.acknowledged == 1


def test_a_file_with_several_documents_sends_what_changed_of_it(topics: Settings, inbox: Path) -> None:
    book = inbox / "book.txt"
    book.write_text("CHAPTER 1\none\nCHAPTER 2\ntwo\nCHAPTER 3\nthree\n")
    options = {"reading": CHAPTERS, "deletes": True}
    assert watch_once(topics, inbox, **options).counts.acknowledged == 3
    book.write_text("CHAPTER 1\none\nCHAPTER 2\ntwo, changed\n")
    counts = watch_once(topics, inbox, **options).counts
    assert (counts.acknowledged, records(topics)) == (
        1,
        {
            "book.txt#1": ["CHAPTER 1\none\n"],
            "book.txt#2": ["CHAPTER 2\ntwo\n", "CHAPTER 2\ntwo, changed\n"],
            "book.txt#3": ["CHAPTER 3\nthree\n", None],
        },
    )


def test_files_that_have_one_id_do_not_replace_each_other(topics: Settings, inbox: Path) -> None:
    fill(inbox, "jan/letter.txt", "feb/letter.txt")
    watched = watch_once(topics, inbox, ids="name")
    assert (watched.counts.files, watched.counts.failed) == (1, 1)
    [line] = watched.lines("failed")
    assert "has a document with the same id" in line
    [texts] = records(topics).values()
    assert len(texts) == 1
    # A file that moved within the folder has no other beside it.
    sent = "jan" if texts == ["The text of jan/letter.txt."] else "feb"
    shutil.rmtree(inbox / ("feb" if sent == "jan" else "jan"))
    (inbox / sent).rename(inbox / "mar")
    watched = watch_once(topics, inbox, ids="name", deletes=True)
    assert (watched.counts.acknowledged, watched.counts.deleted, watched.counts.failed) == (0, 0, 0)


def test_the_same_text_twice_is_one_document_when_ids_are_hashes(topics: Settings, inbox: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (inbox / name).write_text("The same text.")
    assert watch_once(topics, inbox, ids="sha256", deletes=True).counts.acknowledged == 1
    (inbox / "a.txt").unlink()
    assert watch_once(topics, inbox, ids="sha256", deletes=True).counts.deleted == 0
    (inbox / "b.txt").rename(inbox / "c.txt")
    watch_once(topics, inbox, ids="sha256", deletes=True)
    assert [len(texts) for texts in records(topics).values()] == [1]


def test_names_of_all_kinds_arrive(topics: Settings, inbox: Path) -> None:
    # On a file system that knows the case, a name in another case is another file.
    fill(inbox, "two\nlines.txt", "caf\udce9.txt", "A.txt", "a.txt", "-x.txt", "a b.txt", "%.txt")
    watched = watch_once(topics, inbox)
    assert watched.counts.acknowledged == 7
    assert all("\n" not in line for _, line in watched.said)
    assert set(records(topics)) == {"two\nlines.txt", "caf?.txt", "A.txt", "a.txt", "-x.txt", "a b.txt", "%.txt"}


def test_an_interrupted_batch_is_looked_for_on_the_topic(
    topics: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inbox, *(f"{n}.txt" for n in range(10)))

    end_before_the_note(topics, inbox, monkeypatch)
    watched = watch_once(topics, inbox)
    assert watched.lines("found") == ["the topic has 10 documents that an interrupted run had sent"]
    assert Counter(len(texts) for texts in records(topics).values()) == {1: 10}


def test_who_may_not_read_the_topic_sends_again_and_says_so(
    topics: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inbox, "a.txt")

    end_before_the_note(topics, inbox, monkeypatch)
    monkeypatch.setattr(InputTopic, "find", lambda *_: None)
    [line] = watch_once(topics, inbox).lines("may be twice")
    assert line.startswith("1 document may come twice")
    assert [len(texts) for texts in records(topics).values()] == [2]


def test_a_topic_that_was_created_again_is_not_taken_for_the_old_one(topics: Settings, inbox: Path) -> None:
    fill(inbox, "a.txt")
    watch_once(topics, inbox)
    with Admin(topics) as admin:
        admin._client.delete_topics([topics.input_topic])
        admin.ensure()
    with pytest.raises(CheckpointError, match="was deleted and created again"):
        watch_once(topics, inbox)


def test_an_other_split_sends_what_differs(topics: Settings, inbox: Path) -> None:
    (inbox / "book.txt").write_text("CHAPTER 1\none\nCHAPTER 2\ntwo\n")
    watch_once(topics, inbox)
    watched = watch_once(topics, inbox, reading=CHAPTERS, deletes=True)
    assert (watched.counts.acknowledged, watched.counts.deleted) == (2, 0)
    assert "read again" in watched.events()
    assert records(topics)["book.txt"][-1] is None


def test_a_rate_holds_and_a_stop_leaves_nothing_half_noted(topics: Settings, inbox: Path) -> None:
    fill(inbox, *(f"{n}.txt" for n in range(30)))
    with watching(topics, inbox, rate=10.0) as watched:
        watched.until(lambda: watched.counts.acknowledged >= 10)
    assert watched.counts.acknowledged < 30
    watch_once(topics, inbox)
    assert Counter(len(texts) for texts in records(topics).values()) == {1: 30}


def test_documents_of_others_on_the_topic_are_not_taken_for_ours(topics: Settings, inbox: Path) -> None:
    producer = KafkaProducer(bootstrap_servers=topics.servers)
    producer.send(topics.input_topic, key=b"a.txt", value=b"something else")
    producer.close()
    fill(inbox, "a.txt")
    assert watch_once(topics, inbox).counts.acknowledged == 1
