"""The words in which two summaries differ, and a summary in pieces: its sentences, with these words told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import regex

from streaming.messages import Summary, SummarySentence

# A word, or a sign; where words are not separated (Chinese, Japanese, Thai, ...), a character.
_TOKEN = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*|\w[\w\p{M}]*|\S")
# Words, in a row, that two different sentences often share.
_BY_CHANCE = 2
# A part of a text, and whether the other side lacks it.
Run = tuple[str, bool]
_Span = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """A sentence of a summary with what is known of it, or a text that is no sentence, with None."""

    runs: list[Run]
    sentence: SummarySentence | None


def pieces(a: Summary | None, b: Summary | None) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces of both sides; of a side that is absent, none. Of a single side nothing is marked."""
    if a is None or b is None:
        return ([] if a is None else _pieces(a, [])), ([] if b is None else _pieces(b, []))
    marks = changed_spans(text_of(a), text_of(b))
    return _pieces(a, marks[0]), _pieces(b, marks[1])


def text_of(summary: Summary) -> str:
    """Return what is compared: the summary's text; of an answer in JSON, its indented lines."""
    if summary.answer is not None:
        return json.dumps(summary.answer, ensure_ascii=False, indent=2)
    return summary.summary


def changed_spans(a: str, b: str) -> tuple[list[_Span], list[_Span]]:
    """Return the places of each text, as start and end, whose words the other one does not have there."""
    spans_a, spans_b = ([match.span() for match in _TOKEN.finditer(text)] for text in (a, b))
    words_a, words_b = ([text[slice(*span)] for span in spans] for text, spans in ((a, spans_a), (b, spans_b)))
    changed_a, changed_b = [], []
    opcodes = SequenceMatcher(None, words_a, words_b).get_opcodes()
    lengths = [max(a2 - a1, b2 - b1) for _, a1, a2, b1, b2 in opcodes]
    for place, (tag, a1, a2, b1, b2) in enumerate(opcodes):
        around = sum(lengths[max(0, place - 1) : place + 2]) - lengths[place]
        # A "the" between two other sentences is no word that stayed.
        by_chance = 0 < place < len(opcodes) - 1 and lengths[place] <= _BY_CHANCE and around >= 4 * lengths[place]
        if tag != "equal" or by_chance:
            if a1 < a2:
                changed_a.append((spans_a[a1][0], spans_a[a2 - 1][1]))
            if b1 < b2:
                changed_b.append((spans_b[b1][0], spans_b[b2 - 1][1]))
    return changed_a, changed_b


def _pieces(summary: Summary, changed: Sequence[_Span]) -> list[Piece]:
    text = text_of(summary)
    if summary.answer is not None or not summary.sentences:
        return [Piece(list(_runs(text, changed, 0, len(text))), None)]
    found, place = [], 0
    for sentence in summary.sentences:
        if text[place : sentence.start].strip():
            found.append(Piece(list(_runs(text, changed, place, sentence.start)), None))
        found.append(Piece(list(_runs(text, changed, sentence.start, sentence.end)), sentence))
        place = sentence.end
    if text[place:].strip():
        found.append(Piece(list(_runs(text, changed, place, len(text))), None))
    return found


def _runs(text: str, changed: Sequence[_Span], start: int, end: int) -> Iterator[Run]:
    """Yield the text from `start` to `end` in parts, changed ones and unchanged ones in turn."""
    place = start
    for first, last in changed:
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        if place < first:
            yield text[place:first], False
        yield text[first:last], True
        place = last
    if place < end:
        yield text[place:end], False
