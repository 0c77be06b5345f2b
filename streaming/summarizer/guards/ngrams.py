"""Runs of words (n-grams): whether a summary repeats itself, and whether it copies its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from streaming.summarizer.words import units_per_word, words

# Ordinary prose repeats a run of four words now and then, a model that loops repeats most of its runs. In scripts
# without spaces two characters count as a word.
_REPEATED = 4
# SmolLM2-135M on War and Peace: 0.36-0.81 when it loops, 0.00-0.04 when it does not (measurements.md, repetition).
MOST_REPETITION = 0.2
# A run of eight words that two texts share is a quotation.
_COPIED = 8


def repetition(summary: str) -> float:
    """Return the share of the summary's word 4-grams that are repeats of an earlier one; 0 when it has none."""
    units = words(summary)
    grams = _runs(units, _REPEATED * units_per_word(units))
    return (len(grams) - len(set(grams))) / len(grams) if grams else 0.0


def without_repeats(pieces: Iterable[str]) -> list[str]:
    """Return the sentences, or lines, of a summary without repeats.

    Each is returned once. When they still repeat each other, a sentence goes if most of its runs were in earlier ones.
    """
    first: dict[str, str] = {}
    for piece in pieces:
        first.setdefault(piece.strip(), piece)
    distinct = list(first.values())
    if repetition(" ".join(distinct)) <= MOST_REPETITION:
        return distinct
    seen: set[tuple[str, ...]] = set()
    new = []
    for piece in distinct:
        units = words(piece)
        # A sentence that is shorter than a run counts as one run.
        grams = set(_runs(units, _REPEATED * units_per_word(units)) or [tuple(units)])
        if 2 * len(grams & seen) <= len(grams):
            new.append(piece)
            seen |= grams
    return new


def copied(summary: str, text: str) -> float | None:
    """Return the share of the summary's word 8-grams that stand in the text; None when it is shorter than one."""
    units = words(summary)
    length = _COPIED * units_per_word(units)
    grams = _runs(units, length)
    if not grams:
        return None
    # The runs of a long text are a hundred times as large as the text, so they are looked at one by one.
    wanted = set(grams)
    source = {gram for gram in _each_run(words(text), length) if gram in wanted}
    return sum(gram in source for gram in grams) / len(grams)


def _runs(units: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return list(_each_run(units, length))


def _each_run(units: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(islice(units, start, None) for start in range(length)), strict=False)
