"""What happened in the last hour, in steps of 10 s, and in the last minute, by the timestamps of the records.

Bound: 360 steps, each with a few counters. A record with a time to come, of a producer whose clock is wrong, counts as
of now. Numbers are the same in whatever order the records are counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from consumers.live.histogram import bin_of, percentiles
from consumers.live.letters import REASONS, Letter
from consumers.live.overview import STEP_SECONDS, STEPS, Hour, Percentiles
from consumers.live.results import Result

HOUR_SECONDS = STEP_SECONDS * STEPS
_MINUTE = 60
# The pace of the last minutes: long enough for a batch of long documents, short enough to follow a change.
_PACE_STEPS = 30
# Fewer results tell no pace: the first of sixteen that are made at once would promise a sixteenth of the time.
_PACE_RESULTS = 3


@dataclass(slots=True)
class _Step:
    """What happened in one step."""

    documents: int = 0
    tokens: int = 0
    dead_letters: int = 0
    reused: int = 0
    backlog: int | None = None
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)
    latency: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class HourNumbers:
    """The numbers of the last hour; the fields are those of `Overview`."""

    hour: Hour
    statuses: dict[str, int]
    reused: int
    reasons: dict[str, int]
    seconds: Percentiles | None
    latency: Percentiles | None
    documents_per_minute: float
    tokens_per_second: float
    pace: float


class LastHour:
    """Counts results; every method may be called from any thread. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[int, _Step] = {}
        # Documents and tokens of each second of the last minute.
        self._seconds: dict[int, tuple[int, int]] = {}

    def count(self, results: Iterable[Result], now: float) -> None:
        """Count results; of a deletion nothing is counted."""
        with self._lock:
            for result in results:
                if result.summary is None:
                    continue
                arrived = min(result.arrived / 1000, now)
                if (step := self._step(arrived, now)) is None:
                    continue
                step.documents += 1
                step.tokens += result.tokens
                step.reused += result.summary.reused
                step.statuses[result.summary.status] += 1
                step.seconds[bin_of(result.summary.seconds)] += 1
                if (latency := result.latency) is not None:
                    step.latency[bin_of(latency)] += 1
                if arrived > now - _MINUTE:
                    documents, tokens = self._seconds.get(int(arrived), (0, 0))
                    self._seconds[int(arrived)] = documents + 1, tokens + result.tokens

    def count_letters(self, letters: Iterable[Letter], now: float) -> None:
        """Count dead letters."""
        with self._lock:
            for letter in letters:
                step = self._step(min(letter.arrived / 1000, now), now)
                if step is not None and letter.row is not None:
                    step.dead_letters += 1
                    if letter.row.reason in step.reasons or len(step.reasons) < REASONS:
                        step.reasons[letter.row.reason] += 1

    def note_backlog(self, waiting: int, now: float) -> None:
        """Note how many documents wait now."""
        with self._lock:
            if (step := self._step(now, now)) is not None:
                step.backlog = waiting

    def numbers(self, now: float) -> HourNumbers:
        """Return the numbers of the hour until `now`."""
        last = int(now) // STEP_SECONDS
        with self._lock:
            self._forget(now)
            steps = [self._steps.get(number, _NOTHING) for number in range(last - STEPS + 1, last + 1)]
            minute = [counts for second, counts in self._seconds.items() if second > now - _MINUTE]
            backlog = [step.backlog for step in steps]
            if backlog[-1] is None:
                # Nobody has looked yet since the running step began.
                backlog[-1] = backlog[-2]
            statuses: Counter[str] = Counter()
            reasons: Counter[str] = Counter()
            for step in steps:
                statuses.update(step.statuses)
                reasons.update(step.reasons)
            return HourNumbers(
                Hour(
                    STEP_SECONDS,
                    (last - STEPS + 1) * STEP_SECONDS,
                    [step.documents for step in steps],
                    [step.tokens for step in steps],
                    [step.dead_letters for step in steps],
                    backlog,
                ),
                dict(statuses.most_common()),
                sum(step.reused for step in steps),
                dict(reasons.most_common(REASONS)),
                percentiles(step.seconds for step in steps),
                percentiles(step.latency for step in steps),
                float(sum(documents for documents, _ in minute)),
                sum(tokens for _, tokens in minute) / _MINUTE,
                _pace(steps[-_PACE_STEPS:], now),
            )

    def _step(self, time: float, now: float) -> _Step | None:
        """Return the step of a time; None for one that the hour does not have."""
        number, last = int(time) // STEP_SECONDS, int(now) // STEP_SECONDS
        if number <= last - STEPS:
            return None
        if number not in self._steps:
            self._forget(now)
            self._steps[number] = _Step()
        return self._steps[number]

    def _forget(self, now: float) -> None:
        oldest = int(now) // STEP_SECONDS - STEPS
        for number in [number for number in self._steps if number <= oldest]:
            del self._steps[number]
        for second in [second for second in self._seconds if second <= now - _MINUTE]:
            del self._seconds[second]


_NOTHING = _Step()


def _pace(steps: list[_Step], now: float) -> float:
    """Return the results a second of the last steps, from the first of them that has one; 0 when there are too few."""
    results = [step.documents + step.dead_letters for step in steps]
    if sum(results) < _PACE_RESULTS:
        return 0.0
    first = next(place for place, number in enumerate(results) if number)
    return sum(results) / (STEP_SECONDS * (len(steps) - 1 - first) + max(now % STEP_SECONDS, 1.0))
