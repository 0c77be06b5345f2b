"""The least support for a model: from which support on its sentences were judged to be supported by their texts.

Support is measured as the service measures it, and a sheet hands it on in its key. Extracts stand by themselves, so
only systems that wrote a sentence of their own have a threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.ratings import Mark, Ratings

# Thresholds that are looked at; finer ones say nothing with some dozens of sentences.
_STEPS = tuple(step / 20 for step in range(6, 21))
# A threshold is found when this share of the sentences from there on was judged to be supported.
_SUPPORTED = 0.95
# Fewer sentences say nothing about others.
_FEWEST = 20


@dataclass(frozen=True)
class Threshold:
    """The least support of one system: `supported` of the `sentences` with so much support, and of those with less.

    `least` is None when no threshold keeps 95% supported sentences, or when fewer than 20 sentences were judged.
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
        judged = list(_judged(ratings, system))
        if any(support < 1 for support, _ in judged):
            found.append(_threshold(system, judged))
    return found


def _threshold(system: str, judged: Sequence[tuple[float, Mark]]) -> Threshold:
    if len(judged) >= _FEWEST:
        for least in _STEPS:
            marks = [mark for support, mark in judged if support >= least]
            supported = marks.count("supported")
            if marks and supported >= _SUPPORTED * len(marks):
                below = [mark for support, mark in judged if support < least].count("supported")
                return Threshold(system, len(judged), least, supported, len(marks), below)
    return Threshold(system, len(judged), None)


def _judged(ratings: Ratings, system: str) -> Iterator[tuple[float, Mark]]:
    for rated in ratings.rated:
        rating, _ = rated.of(system)
        supports = ratings.supports.get(rated.text, {}).get(system, ())
        for support, mark in zip(supports, rating.sentences, strict=False):
            if support is not None and mark is not None:
                yield support, mark
