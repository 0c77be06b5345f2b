"""What runs of words tell of a summary: whether it repeats itself, and whether it copies its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streaming.summarizer.words import units_per_word, words

# A run of four words comes twice in ordinary prose now and then; in a model that loops, in most of what it says. Where
# words are taken character by character, two stand for a word.
_REPEATED = 4
# SmolLM2-135M on chapters of War and Peace has 0.36-0.81 where it loops, and 0.00-0.04 where it does not.
MOST_REPETITION = 0.2
# A run of eight words that two texts share is a quotation.
_COPIED = 8


def repetition(summary: str) -> float:
    """Return the share of the summary's word 4-grams that are repeats of an earlier one; 0 when it has none."""
    said = words(summary)
    grams = _runs(said, _REPEATED * units_per_word(said))
    return (len(grams) - len(set(grams))) / len(grams) if grams else 0.0


def without_repeats(pieces: Iterable[str]) -> list[str]:
    """Return the sentences, or lines, of a summary that say something new.

    Each stands once; when what is left repeats itself, those go that say for the most part what others did before.
    """
    first: dict[str, str] = {}
    for piece in pieces:
        first.setdefault(piece.strip(), piece)
    kept = list(first.values())
    if repetition(" ".join(kept)) <= MOST_REPETITION:
        return kept
    seen: set[tuple[str, ...]] = set()
    new = []
    for piece in kept:
        said = words(piece)
        # One that is shorter than a run is a run of its own.
        grams = set(_runs(said, _REPEATED * units_per_word(said)) or [tuple(said)])
        if 2 * len(grams & seen) <= len(grams):
            new.append(piece)
            seen |= grams
    return new


def copied(summary: str, text: str) -> float | None:
    """Return the share of the summary's word 8-grams that stand in the text; None when it is shorter than one."""
    said = words(summary)
    length = _COPIED * units_per_word(said)
    grams = _runs(said, length)
    if not grams:
        return None
    source = set(_runs(words(text), length))
    return sum(gram in source for gram in grams) / len(grams)


def _runs(of: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return list(zip(*(of[start:] for start in range(length)), strict=False))
