"""The least support for a model: from which support on its sentences were judged to be supported by their texts.

Support is measured as the service measures it, and a sheet hands it on in its key. Extracts stand by themselves, so
only systems that wrote a sentence of their own have a threshold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.ratings import Ratings

# Thresholds that are looked at; finer ones say nothing with some dozens of sentences.
_STEPS = tuple(step / 20 for step in range(6, 21))
# A threshold is found when this share of the sentences from there on was judged to be supported, and they are so many:
# fewer say nothing about others.
SUPPORTED, FEWEST = 0.95, 20


@dataclass(frozen=True)
class Threshold:
    """The least support of one system: `supported` of the `sentences` with so much support, and of those with less.

    `judged` sentences have a support and a mark; of several raters the majority counts. `least` is None when no
    threshold keeps 20 sentences of which 95% are supported.
    """

    system: str
    judged: int
    least: float | None
    supported: int = 0
    sentences: int = 0
    supported_below: int = 0


def thresholds(ratings: Ratings) -> list[Threshold]:
    """Return a threshold for each system of which sentences that are no copies were judged."""
    found = []
    for system in ratings.systems:
        judged = _judged(ratings, system)
        if any(support < 1 for support, _ in judged):
            found.append(_threshold(system, judged))
    return found


def _threshold(system: str, judged: Sequence[tuple[float, bool]]) -> Threshold:
    for least in _STEPS:
        above = [supported for support, supported in judged if support >= least]
        if len(above) >= FEWEST and sum(above) >= SUPPORTED * len(above):
            below = sum(supported for support, supported in judged if support < least)
            return Threshold(system, len(judged), least, sum(above), len(above), below)
    return Threshold(system, len(judged), None)


def _judged(ratings: Ratings, system: str) -> list[tuple[float, bool]]:
    """Return the support of each judged sentence, and whether most of its raters found it supported."""
    marks: defaultdict[tuple[str, int], list[bool]] = defaultdict(list)
    for rated in ratings.rated:
        rating, _ = rated.of(system)
        for place, mark in enumerate(rating.sentences):
            if mark is not None:
                marks[rated.text, place].append(mark == "supported")
    judged = []
    for (text, place), supported in marks.items():
        supports = ratings.supports.get(text, {}).get(system, ())
        support = supports[place] if place < len(supports) else None
        if support is not None:
            judged.append((support, 2 * sum(supported) > len(supported)))
    return judged
