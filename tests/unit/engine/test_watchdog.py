"""When the engine's child must be ended."""

from __future__ import annotations

from streaming.engine.process.watchdog import Watchdog

STALL = 10.0


class Watched:
    """A child that is checked every second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watchdog = Watchdog(stall=STALL, memory=100, now=0.0)

    def after(
        self, seconds: float, *, silent: bool = False, stalled: float = 0.0, memory: int = 0, loading: bool = False
    ) -> str | None:
        end, cause = self.now + seconds, None
        while self.now < end and cause is None:
            self.now += 1
            if not silent:
                self.watchdog.on_frame(self.now)
            stalled += 1 if stalled else 0
            cause = self.watchdog.check(self.now, loading=loading, stalled=stalled, memory=memory)
        return cause

    def paused(self, seconds: float) -> None:
        self.now += seconds


def test_a_child_that_works_is_left_alone() -> None:
    assert Watched().after(1000) is None


def test_a_native_call_that_takes_too_long_is_a_hang() -> None:
    watched = Watched()
    watched.after(100)
    assert watched.after(8, stalled=1) is None
    assert watched.after(20, stalled=1) == "hung"


def test_silence_is_a_hang() -> None:
    watched = Watched()
    assert watched.after(10, silent=True) is None
    assert watched.after(2, silent=True) == "hung"


def test_loading_may_take_its_time() -> None:
    assert Watched().after(1000, silent=True, loading=True) is None


def test_a_pause_of_all_processes_is_no_hang_and_a_real_one_after_it_is() -> None:
    watched = Watched()
    watched.after(100)
    watched.paused(60)
    # The call that ran during the pause seems to have run all the time.
    assert watched.after(1, stalled=60) is None
    assert watched.after(5) is None
    assert watched.after(30, stalled=1) == "hung"


def test_too_much_memory_is_seen_also_while_it_loads() -> None:
    assert Watched().after(1, memory=101) == "memory"
    assert Watched().after(1, memory=101, loading=True) == "memory"
    assert Watched().after(100, memory=100) is None


def test_a_hang_is_seen_although_every_check_of_a_busy_machine_is_late() -> None:
    watchdog = Watchdog(stall=STALL, memory=100, now=0.0)
    causes = [watchdog.check(3.0 * number, loading=False, stalled=0.0, memory=0) for number in range(1, 5)]
    assert causes == [None, None, None, "hung"]


def test_a_short_limit_is_checked_four_times_as_often_and_none_less_than_every_second() -> None:
    assert [Watchdog(stall=stall, memory=0, now=0.0).pause for stall in (1.0, 4.0, 300.0)] == [0.25, 1.0, 1.0]
