"""The sentences of a finished summary: where each stands in it, who wrote it, and what it stands on in the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from streaming.sentences import split_sentences
from streaming.summarizer.evidence.source_text import SourceText
from streaming.summarizer.evidence.stands import stands_on
from streaming.summarizer.words import comparable_units, letters

Origin = Literal["model", "text"]
Span = tuple[int, int]


@dataclass(frozen=True)
class SummarySentence:
    """A sentence of a summary, from `start` to `end` of its characters.

    `support` is from 0 to 1, None where it cannot be measured. `evidence` are the characters of the document that the
    sentence is compared with; `stands` tells whether it stands on them.
    """

    start: int
    end: int
    origin: Origin
    support: float | None
    stands: bool
    evidence: tuple[Span, ...]


def describe(
    summary: str,
    source: SourceText | None,
    taken: Mapping[str, int],
    *,
    answers: Iterable[str],
    language: str,
    least: float,
) -> list[SummarySentence]:
    """Return the sentences of a summary in its order.

    `taken` maps sentences that are the text's to its statements, -1 for a piece of the text that is no statement.
    `answers` are the model's, and a sentence in none of them is the text's, too: a cut piece of an extract.
    A sentence of the model stands at the support `least`. Without a `source`, nothing can be measured.
    """
    written = letters("\n".join(answers))
    return [
        _of_text(summary, span, source, taken)
        if (sentence := summary[slice(*span)]) in taken or letters(sentence) not in written
        else _of_model(summary, span, source, language, least)
        for span in _spans(summary, taken, language)
    ]


def _of_model(summary: str, span: Span, source: SourceText | None, language: str, least: float) -> SummarySentence:
    sentence = summary[slice(*span)]
    support = source.support(comparable_units(sentence, language)) if source is not None else None
    if source is None or support is None:
        return SummarySentence(*span, "model", None, False, ())
    if support.best is None:
        return SummarySentence(*span, "model", 0.0, False, ())
    best = source.statements[support.best]
    stands = support.share >= least and stands_on(sentence, best)
    return SummarySentence(*span, "model", support.share, stands, ((best.start, best.end),))


def _of_text(summary: str, span: Span, source: SourceText | None, taken: Mapping[str, int]) -> SummarySentence:
    evidence = _place(summary[slice(*span)], source, taken)
    return SummarySentence(*span, "text", 1.0 if source is not None else None, source is not None, evidence)


def _spans(summary: str, taken: Mapping[str, int], language: str) -> Iterator[Span]:
    """Yield where sentences stand; a sentence of the text may be several to the segmenter."""
    longest_first = sorted(taken, key=len, reverse=True)
    position = 0
    while position < len(summary):
        rest = summary[position:]
        skipped = len(rest) - len(rest.lstrip(" \n\t"))
        skipped += len(mark[0]) if (mark := re.match(r"(?:[-*•–]|[*_]{2,3})(?:\s+|$)", rest[skipped:])) else 0
        if skipped:
            position += skipped
            continue
        text = next((text for text in longest_first if rest.startswith(text)), None)
        if text is None:
            line = rest.partition("\n")[0]
            text = next(iter(split_sentences(line, language)), line).rstrip()
        yield position, position + len(text)
        position += len(text)


def _place(sentence: str, source: SourceText | None, taken: Mapping[str, int]) -> tuple[Span, ...]:
    if source is None:
        return ()
    if (number := taken.get(sentence, -1)) >= 0:
        statement = source.statements[number]
        return ((statement.start, statement.end),)
    place = source.place(sentence)
    return (place,) if place is not None else ()
