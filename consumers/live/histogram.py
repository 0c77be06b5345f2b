"""A histogram of durations in bins that grow by 5%: percentiles from a few hundred counts, however many there are.

A value stands for its bin's geometric middle, so a percentile is at most 2.5% off (the square root of 1.05). Durations
below a millisecond count as one, and those of more than thirty years as that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from consumers.live.overview import Percentiles

_GROWTH = math.log(1.05)
# A millisecond, and thirty years: a forged record may have any number.
_LEAST, _MOST = 0.001, 1e9


def bin_of(seconds: float) -> int:
    """Return the bin of a duration in seconds."""
    return math.floor(math.log(min(max(seconds, _LEAST), _MOST) / _LEAST) / _GROWTH)


def percentiles(histograms: Iterable[Counter[int]]) -> Percentiles | None:
    """Return the percentiles of histograms together, which count durations by bin; None when they are empty."""
    counts: Counter[int] = Counter()
    for histogram in histograms:
        counts.update(histogram)
    total = sum(counts.values())
    if not total:
        return None
    bins = sorted(counts)
    return Percentiles(_at(bins, counts, math.ceil(0.5 * total)), _at(bins, counts, math.ceil(0.95 * total)))


def _at(bins: list[int], counts: Counter[int], rank: int) -> float:
    """Return the duration of a rank, from 1, among all in order."""
    for number in bins:
        rank -= counts[number]
        if rank <= 0:
            return _LEAST * math.exp((number + 0.5) * _GROWTH)
    raise ValueError("the rank is higher than the number of durations")
