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
    opcodes = SequenceMatcher(None, words_a, words_b).get_opcodes()
    lengths = [max(a2 - a1, b2 - b1) for _, a1, a2, b1, b2 in opcodes]
    changed_a: list[_Span] = []
    changed_b: list[_Span] = []
    for place, (tag, a1, a2, b1, b2) in enumerate(opcodes):
        around = sum(lengths[max(0, place - 1) : place + 2]) - lengths[place]
        # A "the" between two other sentences is no word that stayed.
        by_chance = 0 < place < len(opcodes) - 1 and lengths[place] <= _BY_CHANCE and around > 4 * lengths[place]
        if tag != "equal" or by_chance:
            _append(changed_a, (a1, a2))
            _append(changed_b, (b1, b2))
    return _characters(changed_a, spans_a), _characters(changed_b, spans_b)


def _characters(ranges: Sequence[_Span], spans: Sequence[_Span]) -> list[_Span]:
    return [(spans[first][0], spans[last - 1][1]) for first, last in ranges]


def _append(ranges: list[_Span], new: _Span) -> None:
    """Append a range that is not empty; one that begins where the last one ends makes it longer."""
    if ranges and ranges[-1][1] == new[0]:
        ranges[-1] = ranges[-1][0], new[1]
    elif new[0] < new[1]:
        ranges.append(new)


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
