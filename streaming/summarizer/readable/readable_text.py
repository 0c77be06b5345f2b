"""Readable text: a document without what is no language, and where each character of it stood before."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from streaming.mail.asides import find_asides
from streaming.sentences import ends_with_sentence
from streaming.summarizer.readable.embedded import Embedded, embedded
from streaming.summarizer.readable.fences import fenced
from streaming.summarizer.readable.kinds import READ_BY_PEOPLE, Kind, fewest
from streaming.summarizer.readable.lines import Stretch, stretches

# Takes the place of what is left out within a sentence.
_OMISSION = "…"
# Lines of words between two lines of code, numbers or a log belong to them: a message that goes on, and as many lines
# of a comment as a long one has.
_MOST_BETWEEN, _LONGEST_BETWEEN, _MOST_COMMENTS = 2, 120, 12
_COMMENT = re.compile(r" {4}|\t|[ \t]*(?:#|//|\*|--|\"\"\"|''')")
# A text with a sentence and so many words says something without its log, table or code.
_SOME_WORDS, _SENTENCE_WORDS = 12, 5


@dataclass(frozen=True)
class _Cut:
    """Characters `start` to `end` are left out, and `instead` takes their place."""

    start: int
    end: int
    kind: Kind
    instead: str = ""


@dataclass(frozen=True)
class ReadableText:
    """What of a text is language: `text`; and by kind how many characters were `left_out`, without spaces."""

    text: str
    left_out: Mapping[Kind, int]
    # The kept pieces: where each begins in `text` and in the text as it was, and its length.
    _kept: Sequence[tuple[int, int, int]] = ()

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return where the characters from `start` to `end` stood: one span, or the pieces beside what is left out."""
        if not self._kept:
            return [(start, end)]
        first = max(0, bisect_right(self._starts, start) - 1)
        result = list[tuple[int, int]]()
        for here, before, length in self._kept[first:]:
            if here >= end:
                break
            low, high = max(start, here), min(end, here + length)
            piece = self.text[low:high]
            low, high = low + len(piece) - len(piece.lstrip()), high - len(piece) + len(piece.rstrip())
            if low < high:
                result.append((before + low - here, before + high - here))
        return result

    @cached_property
    def _starts(self) -> Sequence[int]:
        return [here for here, _, _ in self._kept]


def read_text(text: str) -> ReadableText:
    """Leave out of a text what is no language, and of a mail what is no message, in time proportional to its length.

    Ordinary text comes back as it is. Code, logs and tables of numbers stay where nothing else is said.
    """
    inserted = sorted(embedded(text), key=lambda item: item.start)
    masked = _masked(text, inserted)
    lines = fenced(masked, list(stretches(masked)))
    asides = [
        _Cut(piece.start, piece.end, piece.kind, _OMISSION)
        for line in lines
        for piece in line.asides
        if piece.kind is not None
    ]
    cuts = [_Cut(item.start, item.end, item.kind, _OMISSION if item.inner else "") for item in inserted] + asides
    cuts += [_Cut(item.start, item.end, item.kind) for item in find_asides(masked)]
    groups = list(_groups(masked, lines))
    unread = [group for group in groups if group.kind not in READ_BY_PEOPLE]
    others = [group for group in groups if group.kind in READ_BY_PEOPLE]
    if _says_something(text, lines, groups):
        unread += others
    return _without(text, _joined([*cuts, *unread]))


def _masked(text: str, inserted: Sequence[Embedded]) -> str:
    """Return the text with spaces where files are embedded, as long as before."""
    kept, position = list[str](), 0
    for item in inserted:
        kept += [text[position : item.start], _blank(text[item.start : item.end])]
        position = item.end
    return "".join([*kept, text[position:]])


def _blank(text: str) -> str:
    return "".join(character if character in "\r\n" else " " for character in text)


def _groups(text: str, lines: Sequence[Stretch]) -> Iterator[_Cut]:
    """Yield what lines that are no language make together, where it is enough to be left out."""
    group: list[Stretch] = []
    between: list[Stretch] = []
    for line in lines:
        if line.blank or line.kind is None:
            between.append(line)
        elif group and _belongs(text, group[-1], between, line):
            group.append(line)
            between = []
        else:
            yield from _grouped(group)
            group, between = [line], []
    yield from _grouped(group)


def _belongs(text: str, before: Stretch, between: Sequence[Stretch], line: Stretch) -> bool:
    """Tell whether a line that is no language goes on with what stands before it."""
    people = line.kind in READ_BY_PEOPLE
    if people != (before.kind in READ_BY_PEOPLE):
        return False
    said = [other for other in between if not other.blank]
    if not said:
        return True
    if line.kind == before.kind == "code" and len(said) <= _MOST_COMMENTS:
        return all(_COMMENT.match(text, other.start) for other in said)
    brief = all(other.end - other.start <= _LONGEST_BETWEEN for other in said)
    return people and len(said) == len(between) <= _MOST_BETWEEN and brief


def _grouped(group: Sequence[Stretch]) -> Iterator[_Cut]:
    amounts: Counter[Kind] = Counter()
    for line in group:
        if line.kind is not None:
            amounts[line.kind] += line.amount
    if amounts:
        kind = amounts.most_common(1)[0][0]
        if sum(amounts.values()) >= fewest(kind):
            yield _Cut(group[0].start, group[-1].end, kind)


def _says_something(text: str, lines: Sequence[Stretch], groups: Sequence[_Cut]) -> bool:
    """Tell whether a text says something outside of the groups: some words, and a sentence."""
    outside = list(_outside(lines, groups))
    return sum(line.words for line in outside) >= _SOME_WORDS and any(
        line.words >= _SENTENCE_WORDS and ends_with_sentence(text[line.start : line.end]) for line in outside
    )


def _outside(lines: Iterable[Stretch], groups: Sequence[_Cut]) -> Iterator[Stretch]:
    starts = [group.start for group in groups]
    for line in lines:
        number = bisect_right(starts, line.start) - 1
        if line.kind is None and (number < 0 or line.start >= groups[number].end):
            yield line


def _joined(cuts: Iterable[_Cut]) -> list[_Cut]:
    """Return cuts in order; one that lies within another one goes with it."""
    result: list[_Cut] = []
    for cut in sorted(cuts, key=lambda cut: (cut.start, -cut.end)):
        if not result or cut.start >= result[-1].end:
            result.append(cut)
        elif cut.end > result[-1].end:
            result[-1] = _Cut(result[-1].start, cut.end, result[-1].kind, result[-1].instead)
    return result


def _without(text: str, cuts: Sequence[_Cut]) -> ReadableText:
    if not cuts:
        return ReadableText(text, {})
    pieces, kept, left_out = list[str](), list[tuple[int, int, int]](), Counter[Kind]()
    position = length = 0
    for cut in [*cuts, _Cut(len(text), len(text), cuts[-1].kind)]:
        if cut.start > position:
            kept.append((length, position, cut.start - position))
        pieces += [text[position : cut.start], cut.instead]
        length += cut.start - position + len(cut.instead)
        left_out[cut.kind] += sum(map(len, text[cut.start : cut.end].split()))
        position = cut.end
    return ReadableText("".join(pieces), dict(left_out), kept)
