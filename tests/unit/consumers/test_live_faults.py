"""A failure that nobody expected ends no thread of a live view, is said for an hour, and loses one poll at most."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from archives import summary
from kafka import TopicPartition
from live_records import record

from consumers.live import faults, reading
from consumers.live.cluster import TopicShape
from consumers.live.faults import Faults
from consumers.live.feed import Feed
from consumers.live.filters import Filters
from consumers.live.intake import Intake
from consumers.live.reading import Reading
from consumers.live.results import read_row
from streaming.settings import Settings

TOPIC = TopicPartition("summaries", 0)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_FIRST_PAUSE", 0)
    monkeypatch.setattr(reading, "_BREATH_SECONDS", 0)


def failing(times: int, stopped: threading.Event) -> Callable[[threading.Event], None]:
    left = [RuntimeError] * times

    def body(_: threading.Event) -> None:
        if left:
            raise left.pop()("a broken library")
        stopped.set()

    return body


def test_a_thread_that_failed_begins_again_and_its_failure_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    stopped, changes = threading.Event(), []
    kept = Faults(lambda: changes.append(1))
    assert kept.sentence is None
    kept.repeat("reading", failing(3, stopped), stopped)
    assert stopped.is_set()
    assert len(changes) == 3
    assert [(entry.levelno, entry.getMessage()) for entry in caplog.records] == [
        (logging.ERROR, "reading failed, and begins again")
    ]


def test_a_failure_is_said_as_long_as_the_numbers_reach_back() -> None:
    stopped, now = threading.Event(), [0.0]
    kept = Faults(lambda: None, clock=lambda: now[0])
    kept.repeat("reading what arrives", failing(1, stopped), stopped)
    now[0] = 40.0
    assert kept.sentence is not None
    assert kept.sentence.startswith("reading what arrives failed 40 s ago (RuntimeError)")
    now[0] = 3601.0
    assert kept.sentence is None


class FakeConsumer:
    """A consumer of one partition; `log` are the records, from offset 0."""

    def __init__(self, log: list[Any], stopped: threading.Event) -> None:
        self._log, self._stopped, self._offset = log, stopped, 0

    def assign(self, _partitions: list[TopicPartition]) -> None:
        pass

    def seek(self, _partition: TopicPartition, offset: int) -> None:
        self._offset = offset

    def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    def poll(self, *, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        assert timeout_ms
        records = self._log[self._offset : self._offset + 1]
        self._offset += len(records)
        if not records:
            self._stopped.set()
        return {TOPIC: records} if records else {}

    def close(self) -> None:
        pass


def test_after_a_failure_reading_goes_on_behind_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    log, stopped, feed = [record(summary(n), n) for n in range(5)], threading.Event(), Feed()
    monkeypatch.setattr(reading, "connect_consumer", lambda *_, **__: FakeConsumer(log, stopped))

    def read(one: Any) -> Any:
        return read_row(one) if one.offset != 2 else SimpleNamespace().missing

    results: list[int] = []
    intake = Intake(read, feed, lambda new: results.extend(result.offset for result in new))
    follower = Reading(Settings(bootstrap_servers="kafka.example.org:9092"), {"summaries": intake}, lambda: None)
    follower.set_topics({"summaries": TopicShape("an id", 1)})
    kept = Faults(lambda: None)
    kept.repeat("reading what arrives", follower.follow, stopped)
    assert results == [0, 1, 3, 4]
    assert [row.offset for row in feed.page(Filters()).rows] == [4, 3, 1, 0]
    assert kept.sentence is not None
    assert "(AttributeError)" in kept.sentence


def test_the_history_of_a_topic_that_was_just_created_again_is_read_when_its_partitions_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped, asked = threading.Event(), []

    class Forgetful(FakeConsumer):
        def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
            asked.extend(partitions)
            if partitions and len(asked) < 3:
                raise KeyError(TOPIC)
            return super().beginning_offsets(partitions)

        def offsets_for_times(self, times: dict[TopicPartition, int]) -> dict[TopicPartition, Any]:
            return dict.fromkeys(times)

    monkeypatch.setattr(reading, "connect_consumer", lambda *_, **__: Forgetful([], stopped))
    monkeypatch.setattr(reading, "_RETRY_SECONDS", 0)
    settings = Settings(bootstrap_servers="kafka.example.org:9092")
    changes: list[None] = []
    reader = Reading(settings, {"summaries": Intake(read_row, Feed(), id)}, lambda: changes.append(None))
    reader.set_topics({"summaries": TopicShape("an id", 1)})
    reader.follow(stopped)
    stopped.clear()
    thread = threading.Thread(target=reader.read_history, args=(stopped,))
    thread.start()
    deadline = time.monotonic() + 10
    while reader.loading is not None and thread.is_alive() and time.monotonic() < deadline:
        stopped.wait(0.01)
    loading, alive = reader.loading, thread.is_alive()
    stopped.set()
    thread.join()
    assert (loading, alive) == (None, True)


def test_a_topic_that_is_gone_holds_up_no_other_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    class Gone(FakeConsumer):
        def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
            if not partitions:
                return {}
            reader.set_topics({})
            raise KeyError(partitions)

    monkeypatch.setattr(reading, "connect_consumer", lambda *_, **__: Gone([], stopped))
    monkeypatch.setattr(reading, "_RETRY_SECONDS", 0)
    settings = Settings(bootstrap_servers="kafka.example.org:9092")
    done = threading.Event()
    reader = Reading(settings, {"summaries": Intake(read_row, Feed(), id)}, done.set)
    reader.set_topics({"summaries": TopicShape("an id", 1)})
    reader.follow(stopped)
    stopped.clear()
    thread = threading.Thread(target=reader.read_history, args=(stopped,))
    thread.start()
    read = done.wait(10)
    stopped.set()
    thread.join()
    assert read
