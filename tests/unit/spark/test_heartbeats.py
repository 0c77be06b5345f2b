"""A run says every few seconds what it does, with the offsets of its group, also while nothing else of it moves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from streaming.errors import BrokerAway, BrokerError, EngineError
from streaming.messages import Heartbeat
from streaming.spark import heartbeats
from streaming.spark.heartbeats import Heartbeats, Offsets
from streaming.spark.look import Look
from streaming.spark.supervision import Restart
from streaming.spark.watch import Batch, StopRequest

BEGIN = {("documents", 0): 5, ("documents", 1): 0}


class FakeGroup:
    """Keeps what is committed to it; `away`: it refuses."""

    def __init__(self) -> None:
        self.commits: list[tuple[dict[tuple[str, int], int], Heartbeat]] = []
        self.away = self.closed = False
        self._changed = threading.Condition()

    def commit(self, offsets: Offsets, note: str) -> None:
        beat = Heartbeat.from_text(note)
        assert beat is not None
        with self._changed:
            self.commits.append((dict(offsets), beat))
            self._changed.notify_all()
        if self.away:
            raise BrokerError("Kafka is away")

    def close(self) -> None:
        self.closed = True

    def wait(self, commits: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.commits) >= commits, timeout=10)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the time of day of all heartbeats, which is 1000.0 until then."""
    now = [1000.0]
    monkeypatch.setattr(heartbeats.time, "time", lambda: now[0])
    return lambda seconds: now.__setitem__(0, seconds)


def beats_to(
    group: FakeGroup, stop: StopRequest | None = None, on_beat: Callable[[Heartbeat], None] = id
) -> Heartbeats:
    first = Heartbeat(
        checkpoint="c", outputs=("topic summaries",), doing="starting", sent_at=0, started_at=1, progress_at=1,
        stuck_after=300,
    )  # fmt: skip
    return Heartbeats(first, BEGIN, group, stop=stop or StopRequest(), on_beat=on_beat)


def batch(number: int, end: int, **fields: Any) -> Batch:
    end_offsets = f'{{"documents": {{"0": {end}, "1": 0}}}}'
    values = {"records": 4, "dead_letters": 1, "reason": None, "deletions": 0, "undeletable": 0, "reused": 0}
    return Batch(number=number, seconds=2.5, end_offsets=end_offsets, **{**values, **fields})


def test_a_new_query_reports_before_it_has_read_anything_and_says_when_it_stopped() -> None:
    group = FakeGroup()
    with beats_to(group):
        group.wait(1)
    (offsets, first), (_, last) = group.commits[0], group.commits[-1]
    assert (offsets, first.doing) == (BEGIN, "starting")
    assert (last.doing, last.error) == ("stopped", None)
    assert group.closed


def test_the_offsets_of_a_batch_go_at_once_and_a_heartbeat_alone_goes_with_one_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = FakeGroup()
    with beats_to(group) as beats:
        group.wait(1)
        beats.on_batch(batch(3, end=9))
        group.wait(2)
        monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.01)
        beats.on_restart(Restart(1, BrokerAway("away"), 1.0))
        group.wait(4)
    offsets, beat = group.commits[1]
    assert offsets == {("documents", 0): 9, ("documents", 1): 0}
    assert (beat.batch, beat.batch_records, beat.batch_seconds, beat.records, beat.dead_letters) == (3, 4, 2.5, 4, 1)
    assert [offsets for offsets, _ in group.commits[2:4]] == [{("documents", 0): 9}] * 2
    assert [(beat.doing, beat.restarts) for _, beat in group.commits[2:4]] == [("restarting", 1)] * 2


def test_progress_is_a_result_a_batch_a_part_of_the_model_or_nothing_to_do(clock: Callable[[float], None]) -> None:
    beats = beats_to(FakeGroup())
    steps: list[tuple[Callable[[], None], float]] = [
        (beats.on_progress, 10.0),
        (lambda: beats.on_look(Look("starting", 1.0)), 10.0),
        (lambda: beats.on_look(Look("working", 0.0, 0, 9)), 10.0),
        (lambda: beats.on_look(Look("working", 1.0, 2, 9)), 40.0),
        (lambda: beats.on_look(Look("working", 9.0, 2, 9)), 40.0),
        (lambda: beats.on_look(Look("waiting for Kafka", 9.0, 2, 9)), 40.0),
        (lambda: beats.on_restart(Restart(1, BrokerAway("away"), 1.0)), 40.0),
        (lambda: beats.on_look(Look("working", 0.0, 0, 9)), 40.0),
        (lambda: beats.on_look(Look("working", 0.0, 1, 9)), 90.0),
        (lambda: beats.on_batch(batch(0, end=14)), 100.0),
        (lambda: beats.on_look(Look("working", 0.0, 0, 4)), 100.0),
        (lambda: beats.on_look(Look("idle", 5.0)), 120.0),
    ]
    seen = []
    for number, (step, _) in enumerate(steps, start=1):
        clock(number * 10.0)
        step()
        seen.append(beats.current.progress_at)
    assert seen == [at for _, at in steps]
    assert beats.current.sent_at == 120.0


def test_a_kafka_that_is_away_is_told_once_and_nothing_is_sent_while_the_query_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.01)
    group, told = FakeGroup(), []
    beaten = threading.Semaphore(0)

    def on_beat(beat: Heartbeat) -> None:
        told.append(beat)
        beaten.release()

    group.away = True
    with beats_to(group, on_beat=on_beat) as beats:
        group.wait(3)
        beats.on_look(Look("waiting for Kafka", 6.0))
        while told[-1].doing != "waiting for Kafka":
            assert beaten.acquire(timeout=10)
        sent, beats_then = len(group.commits), len(told)
        while len(told) < beats_then + 3:
            assert beaten.acquire(timeout=10)
        assert len(group.commits) == sent
        group.away = False
    assert group.commits[-1][1].doing == "stopped"
    # What was never taken is sent with all offsets.
    assert group.commits[-1][0] == BEGIN
    assert caplog.text.count("Kafka is away") == 1


@pytest.mark.parametrize(("stopped", "error"), [(False, "EngineError"), (True, None)])
def test_the_last_heartbeat_names_the_error_that_ended_the_run_unless_a_stop_did(
    stopped: bool, error: str | None
) -> None:
    group, stop = FakeGroup(), StopRequest()
    if stopped:
        stop.request()
    with pytest.raises(EngineError), beats_to(group, stop):
        raise EngineError("It is broken.")
    assert group.commits[-1][1].error == error


@pytest.mark.parametrize("now", [5000.0, 200.0])
def test_a_sleep_of_the_machine_or_a_clock_that_was_set_is_no_time_without_progress(
    clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch, now: float
) -> None:
    group = FakeGroup()
    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.05)
    with beats_to(group) as beats:
        beats.on_look(Look("working", 1.0, done=2, total=9))
        beats.on_batch(batch(1, 4))
        group.wait(len(group.commits) + 3)
        # In the middle of a wait.
        clock(now)
        group.wait(len(group.commits) + 3)
        assert abs(group.commits[-1][1].progress_at - now) < 1


def test_after_a_clock_was_set_back_no_partition_keeps_a_heartbeat_of_the_time_to_come(
    clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = FakeGroup()
    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.05)
    with beats_to(group):
        group.wait(3)
        clock(500.0)
        group.wait(len(group.commits) + 2)
        [first, *_] = [offsets for offsets, beat in group.commits if beat.sent_at == 500.0]
    assert set(first) == set(BEGIN)


def test_a_failure_that_nobody_expected_ends_no_heartbeats(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    group, calls = FakeGroup(), []

    def on_beat(_: Heartbeat) -> None:
        calls.append(1)
        if len(calls) < 4:
            raise KeyError("a broken screen")

    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.01)
    with beats_to(group, on_beat=on_beat):
        group.wait(1)
    assert [entry.message for entry in caplog.records] == ["a heartbeat failed; the next one comes in 0 s"]
