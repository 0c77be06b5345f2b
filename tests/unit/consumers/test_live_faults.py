"""A failure that nobody expected ends no thread of a live view, is said for an hour, and loses one poll at most."""

from __future__ import annotations

import logging
import threading
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

    end_offsets = beginning_offsets

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
