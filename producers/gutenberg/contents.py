"""The headings of a book that belong to a table of contents.

A table of contents repeats the headings of the text, with hardly a word between them. That alone tells it from the
text: its chapters occur a second time elsewhere, and have many more words there. So a table may stand anywhere, once
for the book or once for each volume, with or without titles.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from operator import itemgetter

from producers.gutenberg.headings import Heading

# Words that an entry may have, on average: some tell the whole chapter ("In which ...").
_ENTRY = 100
# The same limit where no other run of the book has that part's name: there an entry must be a mere title.
_BARE_ENTRY = 20
# The chapters of a table have at least this many times the words of its entries.
_RATIO = 4
# The share of a table's entries that must occur elsewhere; the rest are typing errors.
_REPEATED = 0.8

_Key = tuple[str, int | str]


@dataclass
class _Run:
    """Chapters in a row: of one part, up to a table of contents or a number that does not count up."""

    part: tuple[_Key, ...]
    above: list[Heading]
    chapters: list[Heading] = field(default_factory=list)
    _keys: set[_Key] = field(default_factory=set)
    _last: dict[str, Heading] = field(default_factory=dict)

    def goes_on_with(self, heading: Heading) -> bool:
        """Whether `heading` is a new chapter, of a higher number than the last of its kind."""
        last = self._last.get(heading.word)
        if heading.number is None or last is None or last.number is None:
            return heading.key not in self._keys
        return heading.number > last.number

    def add(self, chapter: Heading) -> None:
        """Append a chapter."""
        self.chapters.append(chapter)
        self._keys.add(chapter.key)
        self._last[chapter.word] = chapter


class _Longest:
    """How many words the longest chapter of a name has outside of a run: the two longest ones of two runs say it."""

    def __init__(self) -> None:
        self.runs = 0
        self._words: dict[_Key, list[tuple[int, int]]] = {}

    def add(self, number: int, run: _Run, words: dict[Heading, int]) -> None:
        """Count the chapters of the run with this number."""
        self.runs += bool(run.chapters)
        for chapter in run.chapters:
            longest = dict(self._words.get(chapter.key, ()))
            longest[number] = max(longest.get(number, 0), words[chapter])
            self._words[chapter.key] = sorted(longest.items(), key=itemgetter(1), reverse=True)[:2]

    def outside(self, number: int, chapter: Heading) -> int | None:
        """Return the words of the longest chapter that is called as this one, in another run; None: there is none."""
        return next((words for run, words in self._words.get(chapter.key, ()) if run != number), None)


def nest(parts: list[Heading], part: Heading) -> list[Heading]:
    """Return the parts that are open after the heading `part`: VOLUME II closes VOLUME I and the books in it."""
    words = [outer.word for outer in parts]
    if part.word in ("EPILOGUE", "PROLOGUE"):
        return [part]
    if part.word in words:
        return [*parts[: words.index(part.word)], part]
    return [outer for outer in parts if outer.word not in ("EPILOGUE", "PROLOGUE")] + [part]


def find_contents(lines: list[str], headings: list[Heading]) -> set[Heading]:
    """Return the headings, of `headings`, that belong to a table of contents."""
    ends = [heading.start for heading in headings[1:]] + [len(lines)]
    words = {
        heading: len(" ".join(lines[heading.end : end]).split()) for heading, end in zip(headings, ends, strict=False)
    }
    runs = _runs(headings)
    entries = {heading for heading in headings if heading.kind == "contents"}
    everywhere, by_part = _Longest(), defaultdict[tuple[_Key, ...], _Longest](_Longest)
    last_named: dict[tuple[_Key, ...], int] = {}
    for index, run in enumerate(runs):
        everywhere.add(index, run, words)
        by_part[run.part].add(index, run, words)
        if any(heading.kind == "part" for heading in run.above):
            last_named[run.part] = index
    # Parts belong to the chapters under them; a part without chapters is decided with the next part that has some.
    undecided: list[Heading] = []
    for index, run in enumerate(runs):
        # A part that is named before the word CONTENTS is the subject of the table, and stays.
        if entries.intersection(run.above):
            undecided = []
        undecided += run.above
        if not run.chapters:
            # A list of parts alone.
            if last_named.get(run.part, index) > index:
                entries |= {heading for heading in run.above if heading.kind == "part"}
            continue
        has_namesake = by_part[run.part].runs > 1
        longest = by_part[run.part] if has_namesake else everywhere
        outside = {chapter: longest.outside(index, chapter) for chapter in run.chapters}
        if own_entries := _entries(run, outside, words, _ENTRY if has_namesake else _BARE_ENTRY):
            entries |= {*own_entries, *undecided}
        undecided = []
    return entries


def _runs(headings: list[Heading]) -> list[_Run]:
    runs = [_Run((), [])]
    open_parts: list[Heading] = []
    for heading in headings:
        if heading.kind == "part":
            open_parts = nest(open_parts, heading)
        part = tuple(open_part.key for open_part in open_parts)
        if heading.kind in ("part", "contents"):
            runs.append(_Run(part, [heading]))
        elif runs[-1].goes_on_with(heading):
            runs[-1].add(heading)
        else:
            runs.append(_Run(part, []))
            runs[-1].add(heading)
    return runs


def _entries(
    run: _Run, words_outside: dict[Heading, int | None], words: dict[Heading, int], longest_entry: int
) -> list[Heading]:
    """Return the headings of `run` that are entries of a table; none when it is text.

    `words_outside` are those of the longest chapter of the same name in another run, None where there is none.
    """
    repeated = {heading: outside for heading, outside in words_outside.items() if outside is not None}
    if len(repeated) < _REPEATED * sum(heading.kind == "chapter" for heading in run.chapters) or not repeated:
        return []
    # Without the last entry: it holds all text between the table and the first chapter.
    compared = list(repeated)[:-1] or list(repeated)
    words_here = sum(words[heading] for heading in compared)
    words_there = sum(repeated[heading] for heading in compared)
    if words_here > longest_entry * len(compared) or words_there < max(_RATIO * words_here, 1):
        return []
    # A misspelt entry occurs nowhere else and is short. A preface beside the table is no entry.
    return [h for h in run.chapters if h in repeated or (h.kind == "chapter" and words[h] <= _ENTRY)]
