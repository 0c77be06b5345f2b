"""What runs of words tell of a summary: whether it repeats itself, and whether it copies its text."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.summarizer.words import each_word, words

# A run of four words comes twice in ordinary prose now and then; in a model that loops, in most of what it says. Where
# words are taken character by character, two stand for a word.
_REPEATED = 4
# A run of eight words that two texts share is a quotation.
_COPIED = 8


def repetition(summary: str) -> float:
    """Return the share of the summary's word 4-grams that are repeats of an earlier one; 0 when it has none."""
    said = words(summary)
    grams = _runs(said, _REPEATED * each_word(said))
    return (len(grams) - len(set(grams))) / len(grams) if grams else 0.0


def copied(summary: str, text: str) -> float | None:
    """Return the share of the summary's word 8-grams that stand in the text; None when it is shorter than one."""
    said = words(summary)
    length = _COPIED * each_word(said)
    grams = _runs(said, length)
    if not grams:
        return None
    source = set(_runs(words(text), length))
    return sum(gram in source for gram in grams) / len(grams)


def _runs(of: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return list(zip(*(of[start:] for start in range(length)), strict=False))
