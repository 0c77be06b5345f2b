"""How many threads a lane computes with: its own, those of idle lanes as well, or fewer beside other processes.

The threads of a lane wait for each other many times a token, so one that shares its core with another process holds up
all. Measured on 2 cores with the sample model as BF16, a prompt of 760 tokens and the step of one and of eight slots:

    threads   nothing else runs        beside a busy process
    1         1.70 s   17 ms   72 ms   1.75 s   18 ms    79 ms
    2         0.90 s   11 ms   39 ms   2.80 s   43 ms   168 ms
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

# The machine is asked this often. The system counts a process's time in hundredths of a second.
_EVERY_SECONDS = 0.5
# A window in which this process had less than this part of a core tells what others did in its absence, not beside it:
# one that computes has more, even beside forty others on its core.
_COMPUTED = 0.02
# What others may use of a core that still counts as free. A second thread that gets the rest of it loses less at the
# barriers than it gains up to about half a core; Spark and Kafka use a tenth of one while a micro-batch is computed.
_TOLERATED = 0.3
# A lane has at most this many times its own threads. Without a bound a small model's lane would get all threads of a
# machine of many cores, which wait for each other longer than they compute; twice is what was measured.
_MOST = 2


def lane_threads(own: int, *, total: int, busy: int, place: int, free: float) -> int:
    """Return how many threads a lane of `own` threads has, the one at `place` (from 0) among the `busy` lanes.

    `total` is how many the engine may have; `free` are the cores that no other process uses. Never less than one.
    """
    usable = min(total, math.floor(free + _TOLERATED))
    return min(shares(max(usable, busy), busy)[place], _MOST * own)


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time that the machine, and this process, had spent at a `moment` of `time.monotonic()`."""

    moment: float
    machine: float
    own: float


def spent_now() -> Spent:
    """Ask the system."""
    times = psutil.cpu_times(percpu=True)
    return Spent(time.monotonic(), sum(map(_spent, _own(times))), time.process_time())


def _own(times: Sequence[Any]) -> list[Any]:
    """Return the times of the CPUs that this process may run on; what others do elsewhere takes nothing from it."""
    return [times[number] for number in cpus() if number < len(times)]


def _spent(times: Any) -> float:
    # Guests are among the users; macOS has no iowait.
    unspent = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(times) - sum(getattr(times, name, 0.0) for name in unspent))


class FreeCores:
    """The cores that other processes left free while this one last computed, over half a second or more.

    What they did while it was idle says little: the engine of another query had its turn, or Spark planned the
    micro-batch that has just come. Not thread-safe.
    """

    def __init__(self, ask: Callable[[], Spent] = spent_now) -> None:
        self._ask = ask
        self._cores, self._most = float(len(cpus())), float(usable_cores())
        self._last = ask()
        self._free = self._most

    def __call__(self) -> float:
        """Return how many, from 0 to all."""
        if time.monotonic() - self._last.moment >= _EVERY_SECONDS:
            before, self._last = self._last, self._ask()
            if self._last.own - before.own >= _COMPUTED * (self._last.moment - before.moment):
                self._free = min(self._most, free_cores(self._cores, before, self._last))
        return self._free


def free_cores(cores: float, before: Spent, after: Spent) -> float:
    """Return how many of `cores` other processes left free between two moments."""
    others = (after.machine - before.machine) - (after.own - before.own)
    return min(cores, max(0.0, cores - others / (after.moment - before.moment)))
