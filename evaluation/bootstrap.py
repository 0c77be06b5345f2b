"""Whether one system is better than another by more than chance: the paired bootstrap (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RESAMPLES = 10_000
# Resamples of fewer texts say little about other texts; all resamples of one text are the same.
_FEWEST = 6
# Resamples that are drawn at a time, so that thousands of texts need no gigabytes.
_BLOCK = 100


@dataclass(frozen=True)
class Difference:
    """The mean of the differences, text by text, with its 95% interval; `low` and `high` are None for too few texts."""

    mean: float
    low: float | None
    high: float | None


def difference(scores: Sequence[float], others: Sequence[float]) -> Difference:
    """Return by how much `scores` are above `others`; both belong to the same texts in the same order."""
    gaps, generator = np.array(scores) - np.array(others), np.random.default_rng(0)
    if len(gaps) < _FEWEST:
        return Difference(float(gaps.mean()), None, None)
    means = [
        gaps[generator.integers(len(gaps), size=(_BLOCK, len(gaps)))].mean(axis=1) for _ in range(_RESAMPLES // _BLOCK)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Difference(float(gaps.mean()), float(low), float(high))
