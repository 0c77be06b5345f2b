"""From figures to a verdict: what a representation changes, which setup is worth its price. Measures nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from streaming.engine.setup import Setup
from streaming.engine.tuning.tuning_file import Quality, Speed

# A representation whose perplexity may, with 95% confidence, be higher by more than this is not "no worse", however
# few tokens say so. For comparison, with the sample on 8,616 tokens: BF16 -0.4%, Q8_0 +0.3%, Q4_0 +22%.
_MARGIN = math.log(1.005)
_RESAMPLES = 10_000
_MOST_NATS = 700.0
# Probes of one setup differ by 3% from one run to the next. Twice the slots take twice the cache and twice as long
# until a batch of them is out: with the sample as BF16 on 2 cores, 8 slots made 0.62 documents a second, 16 made 0.66
# and 32 made 0.71, for 710, 1,091 and 1,853 MB. A lane of several threads waits for its slowest, so it suffers beside
# other work, which a probe does not see.
_WORTH_MORE_SLOTS = 1.10
_WORTH_FEWER_SLOTS = 0.97
_WORTH_FEWER_LANES = 1.10
# A representation that is not faster by this is not worth its file.
WORTH_A_FILE = 1.05


def quality(representation: str, place: int, windows: Sequence[Mapping[str, Any]]) -> Quality | None:
    """Return what the `place`-th other file of `score`'s lines, one a window, does to the predictions.

    None when its predictions are no numbers: some models have activations beyond what F16 can hold.

    The confidence interval is the percentile bootstrap's over windows (Efron, 1979), because tokens of one text are not
    independent; every window is compared with itself, so that only the difference counts, not how hard a text is.
    """
    tokens = np.array([window["tokens"] for window in windows], dtype=float)
    given = np.array([window["given"] for window in windows])
    others = [window["others"][place] for window in windows]
    loss = np.array([other["loss"] for other in others])
    total = tokens.sum()
    divergence = sum(other["divergence"] for other in others)
    # Above this a perplexity has no number either.
    if not (np.isfinite(loss).all() and math.isfinite(divergence) and loss.sum() / total < _MOST_NATS):
        return None
    picked = np.random.default_rng(0).integers(len(windows), size=(_RESAMPLES, len(windows)))
    changes = (loss - given)[picked].sum(axis=1) / tokens[picked].sum(axis=1)
    low, high = np.percentile(changes, [2.5, 97.5])
    return Quality(
        representation=representation,
        tokens=int(total),
        perplexity=math.exp(loss.sum() / total),
        given_perplexity=math.exp(given.sum() / total),
        change=float((loss - given).sum() / total),
        low=float(low),
        high=float(high),
        divergence=float(divergence / total),
        same_top=float(sum(other["same"] for other in others) / total),
    )


def no_worse(found: Quality, *, allow_loss: float) -> bool:
    """Tell whether a representation may be chosen.

    It must not be shown to be worse, and must be shown not to be worse by 0.5%; or its perplexity must, with 95%
    confidence, be higher by no more than the share that `allow_loss` is.
    """
    return (found.low <= 0 and found.high <= _MARGIN) or found.high <= math.log1p(allow_loss)


def better(speed: Speed, best: Speed) -> bool:
    """Tell whether a setup is worth taking instead of the best so far, of the same representation."""
    gain = speed.documents_per_second / best.documents_per_second
    return gain > _price(speed.setup, best.setup)


def _price(setup: Setup, than: Setup) -> float:
    if setup.lanes < than.lanes:
        return _WORTH_FEWER_LANES
    if setup.slots < than.slots:
        return _WORTH_FEWER_SLOTS
    return _WORTH_MORE_SLOTS if setup.slots > than.slots else 1 / _WORTH_FEWER_SLOTS
