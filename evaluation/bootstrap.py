"""Whether one system is better than another on the same texts, or only luckier: the paired bootstrap (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RESAMPLES = 10_000
# Resamples of fewer texts say little of others: of one text they are all the same.
_FEWEST = 6
# Of this many at a time, so that thousands of texts need no gigabytes.
_BLOCK = 100


@dataclass(frozen=True)
class Difference:
    """The mean of the differences, text by text, with its 95% interval; None for too few texts."""

    mean: float
    low: float | None
    high: float | None


def difference(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Return by how much `one` is above `other`, both of the same texts in the same order."""
    gaps, lots = np.array(one) - np.array(other), np.random.default_rng(0)
    if len(gaps) < _FEWEST:
        return Difference(float(gaps.mean()), None, None)
    means = [gaps[lots.integers(len(gaps), size=(_BLOCK, len(gaps)))].mean(axis=1) for _ in range(_RESAMPLES // _BLOCK)]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Difference(float(gaps.mean()), float(low), float(high))
