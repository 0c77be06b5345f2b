"""What a run does after a failure: whether it starts again, how long it waits, and when it gives up."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from streaming.errors import (
    Abandoned,
    BrokerAway,
    BrokerError,
    CheckpointError,
    EngineError,
    GistreamError,
    MachineError,
    ProcessLost,
    QueryError,
    TopicError,
)
from streaming.settings import Settings
from streaming.spark.look import Look
from streaming.spark.supervision import Restart, Supervisor, backoff
from streaming.spark.watch import StopRequest


def settings_of(checkpoint: Path, give_up_after: float = 600) -> Settings:
    return Settings(checkpoint=str(checkpoint), bootstrap_servers="kafka:9092", give_up_after=give_up_after)


class Run:
    """A run whose clock and waits are a number: nothing waits."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, give_up_after: float = 600) -> None:
        self.now = 1000.0
        self.stop, self.restarts = StopRequest(), list[Restart]()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(self.stop, "wait", self.pass_time)
        settings = settings_of(folder, give_up_after)
        self.supervisor = Supervisor(settings, stop=self.stop, on_restart=self.restarts.append)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def fail_until_given_up(self, error: GistreamError, attempt_seconds: float = 10) -> GistreamError:
        while True:
            self.now += attempt_seconds
            try:
                self.supervisor.recover(error)
            except GistreamError as end:
                return end


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """A checkpoint that has committed micro-batch 6 and planned 7."""
    for number, ends in ((6, {"0": 12, "1": 5}), (7, {"0": 20, "1": 6})):
        (tmp_path / "offsets").mkdir(exist_ok=True)
        (tmp_path / "offsets" / str(number)).write_text(f"v1\n{{}}\n{json.dumps({'documents': ends})}")
    (tmp_path / "commits").mkdir()
    (tmp_path / "commits" / "6").write_text("v1\n{}")
    return tmp_path


def test_the_waits_double_up_to_half_a_minute_and_are_not_the_same_for_all() -> None:
    longest = [backoff(attempt, lambda _least, most: most) for attempt in (1, 2, 3, 4, 5, 6, 7, 99)]
    assert longest == [1, 2, 4, 8, 16, 30, 30, 30]
    assert [backoff(6, lambda least, _most: least)] == [15]
    assert len({backoff(6) for _ in range(20)}) > 1


@pytest.mark.parametrize("kind", [TopicError, CheckpointError, MachineError, QueryError, EngineError, BrokerError])
def test_what_needs_a_person_ends_the_run_at_once(
    planned: Path, monkeypatch: pytest.MonkeyPatch, kind: type[GistreamError]
) -> None:
    run = Run(planned, monkeypatch)
    with pytest.raises(kind, match="what happened"):
        run.supervisor.recover(kind("what happened"))
    assert run.restarts == []


def test_a_kafka_that_stays_away_is_given_up_when_the_time_is_over_and_not_before(
    planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(planned, monkeypatch, give_up_after=600)
    began = run.now
    end = run.fail_until_given_up(BrokerAway("Kafka does not answer."))
    assert type(end) is BrokerError
    assert not end.transient
    assert 600 <= run.now - began <= 630
    assert f"Given up after 600 s without progress and {len(run.restarts)} restarts (--give-up-after)" in str(end)
    assert [restart.number for restart in run.restarts] == list(range(1, len(run.restarts) + 1))


def test_a_committed_batch_gives_the_whole_time_again(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(planned, monkeypatch, give_up_after=60)
    for _ in range(20):
        run.now += 50
        run.supervisor.recover(BrokerAway("Kafka does not answer."))
        assert run.restarts[-1].seconds <= 1
        run.supervisor.on_progress()
    assert len(run.restarts) == 20


def test_a_query_that_waits_for_kafka_inside_spark_is_given_up_too(
    planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(planned, monkeypatch, give_up_after=60)
    run.supervisor.on_look(Look("waiting for Kafka", 59))
    run.now += 1
    with pytest.raises(BrokerError, match=r"does not answer on kafka:9092.* Given up after 60 s"):
        run.supervisor.on_look(Look("waiting for Kafka", 60))


def test_the_time_that_spark_has_waited_for_kafka_counts(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(planned, monkeypatch, give_up_after=200)
    run.supervisor.on_look(Look("waiting for Kafka", 180))
    began = run.now
    run.fail_until_given_up(BrokerAway("Kafka does not answer."))
    assert run.now - began <= 60


def test_an_idle_query_has_recovered(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(planned, monkeypatch, give_up_after=60)
    for _ in range(5):
        run.now += 3600
        run.supervisor.recover(BrokerAway("Kafka does not answer."))
        run.supervisor.on_look(Look("idle", 1))


def test_a_batch_that_ends_processes_again_and_again_is_named_and_ends_the_run(
    planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(planned, monkeypatch)
    end = run.fail_until_given_up(ProcessLost("The Python worker died."))
    assert type(end) is QueryError
    assert len(run.restarts) == 2
    assert "micro-batch 7 ended a process 3 times in a row" in str(end)
    assert "documents-0 offsets 12 to 19, documents-1 offset 5" in str(end)


def test_processes_that_end_in_different_batches_do_not_add_up(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(planned, monkeypatch)
    for _ in range(10):
        run.supervisor.recover(ProcessLost("The Python worker died."))
        run.supervisor.on_progress()
    assert len(run.restarts) == 10


def test_a_stop_ends_the_wait_at_once_and_says_that_a_batch_is_undone(planned: Path) -> None:
    stop = StopRequest()
    supervisor = Supervisor(settings_of(planned), stop=stop, on_restart=lambda _restart: stop.request())
    with pytest.raises(Abandoned, match="runs again at the next start"):
        supervisor.recover(BrokerAway("Kafka does not answer."))


def test_a_stop_in_the_wait_ends_well_when_nothing_is_undone(planned: Path) -> None:
    (planned / "commits" / "7").write_text("v1\n{}")
    stop = StopRequest()
    supervisor = Supervisor(settings_of(planned), stop=stop, on_restart=lambda _restart: stop.request())
    supervisor.recover(BrokerAway("Kafka does not answer."))


def test_zero_seconds_start_nothing_again(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(planned, monkeypatch, give_up_after=0)
    run.supervisor.on_look(Look("waiting for Kafka", 100))
    with pytest.raises(BrokerAway):
        run.supervisor.recover(BrokerAway("Kafka does not answer."))
    assert run.restarts == []
