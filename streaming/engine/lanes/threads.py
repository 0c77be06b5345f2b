"""How many threads a lane computes with: its own, also those of idle lanes, or fewer beside other processes.

The threads of a lane wait for each other many times a token, so a thread that shares its core with another process
holds up all of them: a prefill that two threads halve on free cores takes 1.6 times as long beside a busy process
(docs/design/measurements.md, Threads).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from streaming.engine.setup import shares
from streaming.machine.cores import cpus, usable_cores

# How often the machine is measured. The system counts a process's time in hundredths of a second.
_EVERY_SECONDS = 0.5
# A window in which this process had a smaller part of a core shows other processes while this one was idle: a process
# that computes has more, even beside forty others on its core.
_LEAST_OWN_SHARE = 0.02
# What others may use of a core that still counts as free; a second thread gains up to about 0.5 (measurements.md,
# Threads).
_TOLERATED_SHARE = 0.3
# A lane has at most this many times its own threads: threads of a small model on many cores wait for each other longer
# than they compute, and no more than twice was measured.
_MOST_TIMES_OWN = 2


def lane_threads(own: int, *, total: int, busy: int, place: int, free: float) -> int:
    """Return how many threads a lane of `own` threads gets, at least one.

    The lane is at `place` (from 0) among the `busy` lanes; the engine may have `total` threads, and `free` are the
    cores that no other process uses.
    """
    usable = min(total, math.floor(free + _TOLERATED_SHARE))
    return min(shares(max(usable, busy), busy)[place], _MOST_TIMES_OWN * own)


@dataclass(frozen=True)
class CpuTime:
    """Seconds of processor time that the machine and this process had spent at a `moment` of `time.monotonic()`."""

    moment: float
    machine: float
    own: float


def cpu_time_now() -> CpuTime:
    """Measure the processor time now."""
    times = psutil.cpu_times(percpu=True)
    return CpuTime(time.monotonic(), sum(map(_busy_seconds, _of_own_cpus(times))), time.process_time())


def _of_own_cpus(times: Sequence[Any]) -> list[Any]:
    """Return the times of the CPUs that this process may run on; work on other CPUs takes nothing from it."""
    return [times[number] for number in cpus() if number < len(times)]


def _busy_seconds(times: Any) -> float:
    # Guest time is part of user time; macOS has no iowait.
    not_busy = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(times) - sum(getattr(times, name, 0.0) for name in not_busy))


class FreeCores:
    """The cores that other processes left free while this one last computed, over half a second or more.

    Work of other processes while this one was idle is ignored: the engine of another query had its turn, or Spark
    planned the micro-batch that has just come. Not thread-safe.
    """

    def __init__(self, measure: Callable[[], CpuTime] = cpu_time_now) -> None:
        self._measure = measure
        self._cores, self._most = float(len(cpus())), float(usable_cores())
        self._last = measure()
        self._free = self._most

    def __call__(self) -> float:
        """Return how many cores are free, from 0 to all usable ones."""
        if time.monotonic() - self._last.moment >= _EVERY_SECONDS:
            before, self._last = self._last, self._measure()
            if self._last.own - before.own >= _LEAST_OWN_SHARE * (self._last.moment - before.moment):
                self._free = min(self._most, free_cores(self._cores, before, self._last))
        return self._free


def free_cores(cores: float, before: CpuTime, after: CpuTime) -> float:
    """Return how many of `cores` other processes left free between two moments."""
    others = (after.machine - before.machine) - (after.own - before.own)
    return min(cores, max(0.0, cores - others / (after.moment - before.moment)))
