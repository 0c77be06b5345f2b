"""The statistics behind a tuning's choice: the quality of a representation, and which setup is worth its price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from streaming.engine.setup import Setup
from streaming.engine.tuning.tuning_file import Quality, Speed

# The upper end of the 95% interval of a rise in perplexity must stay below +0.5%, however few tokens were scored. The
# sample model: BF16 -0.4%, Q8_0 +0.3%, Q4_0 +22% (measurements.md, Representations).
_MARGIN = math.log(1.005)
_RESAMPLES = 10_000
_MAX_NATS = 700.0
# Required gains. Probes of one setup differ by 3% between runs. 32 slots instead of 8 gain 15% for 2.6 times the memory
# (measurements.md, Slots). A lane of several threads suffers beside other work, which a probe does not show.
_GAIN_FOR_MORE_SLOTS = 1.10
_GAIN_FOR_FEWER_SLOTS = 0.97
_GAIN_FOR_FEWER_LANES = 1.10
# A representation must be faster than the original file by this to be worth a file on disk.
GAIN_FOR_A_FILE = 1.05


def assess_quality(representation: str, index: int, windows: Sequence[Mapping[str, Any]]) -> Quality | None:
    """Return how the file at `index` of `others` in the lines of `score`, one for each window, changes predictions.

    None when its predictions are no numbers: some models have activations beyond the range of F16.

    The confidence interval is the percentile bootstrap's over windows (Efron, 1979), because tokens of one text are not
    independent. Every window is compared with itself, so a difficult text adds no variance.
    """
    tokens = np.array([window["tokens"] for window in windows], dtype=float)
    original = np.array([window["original"] for window in windows])
    others = [window["others"][index] for window in windows]
    loss = np.array([other["loss"] for other in others])
    total = tokens.sum()
    divergence = sum(other["divergence"] for other in others)
    # The exponential of more nats overflows.
    if not (np.isfinite(loss).all() and math.isfinite(divergence) and loss.sum() / total < _MAX_NATS):
        return None
    samples = np.random.default_rng(0).integers(len(windows), size=(_RESAMPLES, len(windows)))
    changes = (loss - original)[samples].sum(axis=1) / tokens[samples].sum(axis=1)
    low, high = np.percentile(changes, [2.5, 97.5])
    return Quality(
        representation=representation,
        tokens=int(total),
        perplexity=math.exp(loss.sum() / total),
        given_perplexity=math.exp(original.sum() / total),
        change=float((loss - original).sum() / total),
        low=float(low),
        high=float(high),
        divergence=float(divergence / total),
        same_top=float(sum(other["same"] for other in others) / total),
    )


def no_worse(quality: Quality, *, allow_loss: float) -> bool:
    """Return whether a representation may be chosen.

    A representation is chosen only if no significant increase in perplexity was found and the upper end of the 95%
    interval is below +0.5%; or if that upper end is not above the share `allow_loss`.
    """
    return (quality.low <= 0 and quality.high <= _MARGIN) or quality.high <= math.log1p(allow_loss)


def is_better(speed: Speed, best: Speed) -> bool:
    """Return whether a setup is worth more than the best so far, with the same representation."""
    gain = speed.documents_per_second / best.documents_per_second
    return gain > _required_gain(speed.setup, best.setup)


def _required_gain(setup: Setup, best: Setup) -> float:
    if setup.lanes < best.lanes:
        return _GAIN_FOR_FEWER_LANES
    if setup.slots < best.slots:
        return _GAIN_FOR_FEWER_SLOTS
    return _GAIN_FOR_MORE_SLOTS if setup.slots > best.slots else 1 / _GAIN_FOR_FEWER_SLOTS
