"""What a load did: what was sent, how late, and how long Kafka took, counted from the scheduled times."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from producers.records import Refusal

# A latency is counted in a step of 1% of itself, so that a day's latencies take some kilobytes.
_STEP = math.log(1.01)
# Below a microsecond nothing is told apart.
_SHORTEST = 1e-6
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Latencies:
    """Latencies in seconds, counted in bounded memory; quantiles are right to 1%, the longest is exact."""

    def __init__(self) -> None:
        self._steps: Counter[int] = Counter()
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one latency."""
        self._steps[math.ceil(math.log(max(seconds, _SHORTEST)) / _STEP)] += 1
        self.longest = max(self.longest, seconds)

    def quantile(self, share: float) -> float | None:
        """Return the latency that `share` of all do not exceed; None when there are none."""
        # A copy in one step, because the client's thread adds.
        steps = sorted(self._steps.copy().items())
        missing = share * sum(count for _, count in steps)
        for step, count in steps:
            missing -= count
            if missing <= 0:
                return min(math.exp(step * _STEP), self.longest)
        return None

    def summary(self) -> dict[str, float | None]:
        """Return p50, p95, p99 and the longest, in seconds."""
        quantiles = {name: self.quantile(share) for name, share in _QUANTILES.items()}
        return {**quantiles, "max": self.longest if self._steps else None}


@dataclass
class LoadReport:
    """What a load did until now.

    `sent` counts documents by their kind. `unsent` were scheduled and not sent, because the load fell too far behind.
    Times in seconds: `behind` is the lag of the latest document behind its schedule, `waited` how long Kafka kept the
    load waiting, `seconds` the time from the start to the end of the schedule or the last acknowledgement.
    """

    rate: float
    sent: Counter[str] = field(default_factory=Counter)
    unsent: int = 0
    acknowledged: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    behind: float = 0.0
    most_behind: float = 0.0
    waited: float = 0.0
    seconds: float = 0.0
    interrupted: bool = False
    latencies: Latencies = field(default_factory=Latencies)

    @property
    def achieved(self) -> float:
        """The rate at which Kafka acknowledged documents, per second."""
        return self.acknowledged / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the report for a machine to read."""
        return {
            "rate": self.rate,
            "achieved": round(self.achieved, 3),
            "seconds": round(self.seconds, 3),
            "sent": self.sent.total(),
            "kinds": dict(sorted(self.sent.items())),
            "unsent": self.unsent,
            "acknowledged": self.acknowledged,
            "refused": [{"name": refusal.name, "reason": refusal.reason} for refusal in self.refusals],
            "behind": {"last": round(self.behind, 4), "max": round(self.most_behind, 4)},
            "waited": round(self.waited, 3),
            "latency": {
                name: None if seconds is None else round(seconds, 4)
                for name, seconds in self.latencies.summary().items()
            },
            "interrupted": self.interrupted,
        }
