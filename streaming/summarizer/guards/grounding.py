"""Grounding: how much of a summary stands in its text.

Two shares of distinct items: content words (their stems) that the text also has, and pairs of neighbouring content
words that stand near each other in the text. Chapters of one book share names and words, but rarely what happens to
whom. So pairs detect a summary of another chapter, and words alone do not. Neither shows whether a summary is true.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from streaming.summarizer.words import content_words

# Two content words of the text are near each other within this distance, in content words. It rejects 90% of summaries
# of other chapters at 5% of the right ones; 8 rejects 85% and 60 rejects 87% (measurements.md, grounding distance).
_NEAR = 20


@dataclass(frozen=True)
class Grounding:
    """Shares from 0 to 1; None where the summary has no words or no pairs."""

    words: float | None
    pairs: float | None

    @property
    def score(self) -> float | None:
        """The mean of words and pairs; words alone reject 81% instead of 90% (measurements.md, grounding distance)."""
        shares = [share for share in (self.words, self.pairs) if share is not None]
        return sum(shares) / len(shares) if shares else None


def grounding(summary: str, text: str, *, language: str) -> Grounding:
    """Return how much of `summary` stands in `text`; `language` is their ISO 639-1 code."""
    return grounding_of(content_words(summary, language), content_words(text, language))


def grounding_of(summary: Sequence[str], source: Sequence[str]) -> Grounding:
    """Return how much of a `summary` stands in its `source`, both as the stems of their content words."""
    positions = _positions(source, set(summary))
    return Grounding(
        words=_share(set(summary), positions.__contains__),
        pairs=_share(set(_pairs(summary)), lambda pair: _near(*(positions.get(stem, ()) for stem in pair))),
    )


def _positions(stems: Sequence[str], selected: Collection[str]) -> dict[str, list[int]]:
    """Return the positions of each selected stem, in ascending order."""
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, stem in enumerate(stems):
        if stem in selected:
            positions[stem].append(position)
    return dict(positions)


def _pairs(stems: Sequence[str]) -> list[tuple[str, str]]:
    return [(min(pair), max(pair)) for pair in pairwise(stems) if pair[0] != pair[1]]


def _near(first: Sequence[int], second: Sequence[int]) -> bool:
    for position in first:
        index = bisect_left(second, position - _NEAR)
        if index < len(second) and second[index] <= position + _NEAR:
            return True
    return False


def _share(items: Iterable[object], in_source: Callable[..., bool]) -> float | None:
    hits = [in_source(item) for item in items]
    return sum(hits) / len(hits) if hits else None
