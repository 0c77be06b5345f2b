"""The pace of --rate, on a clock of the test's own."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from producers.pace import Pace


class Clock(threading.Event):
    """A clock that a wait moves on, by a little more than was asked for, as real ones do."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.waits = 0

    def wait(self, timeout: Any = None) -> bool:
        self.now += timeout + 0.003
        self.waits += 1
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("producers.pace.time.monotonic", lambda: clock.now)
    return clock


@pytest.mark.parametrize("rate", [0.5, 10, 100, 3000])
def test_the_rate_is_kept_without_drift_and_without_a_wait_for_each_of_many(clock: Clock, rate: float) -> None:
    pace, documents = Pace(rate, clock), 2000
    for _ in range(documents):
        pace.wait()
    assert clock.now - 1000 == pytest.approx((documents - 1) / rate, abs=0.01)
    assert clock.waits < documents
    assert clock.waits <= (clock.now - 1000) / 0.005


def test_time_that_was_lost_is_caught_up(clock: Clock) -> None:
    pace = Pace(50, clock)
    for number in range(101):
        pace.wait()
        if number == 5:
            clock.now += 0.5
    assert clock.now - 1000 == pytest.approx(2, abs=0.01)


def test_after_a_long_pause_no_more_than_a_second_is_caught_up(clock: Clock) -> None:
    pace = Pace(50, clock)
    pace.wait()
    clock.now += 60
    before = clock.now
    for _ in range(51):
        pace.wait()
    assert clock.now == before
    pace.wait()
    assert clock.now > before


def test_a_wait_ends_when_the_user_stops() -> None:
    stopped = threading.Event()
    pace = Pace(0.001, stopped)
    pace.wait()
    threading.Timer(0.1, stopped.set).start()
    # A thousand seconds, otherwise.
    pace.wait()
    assert stopped.is_set()
