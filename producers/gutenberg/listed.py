"""Chapters that have a title and no number: the table of contents names them, and the text has each as a heading.

    CONTENTS                          THE LAST FERRY
       I. The Last Ferry ... 1
       II. A Winter's Wages 23        It was late in the year when ...

Capitals, punctuation, accents, numbers and pages may differ. All titles must be found, in their order.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

from producers.gutenberg.headings import Heading, find_headings

# A number before a title, and dots and a page behind it.
_NUMBER = re.compile(r"(?:chapter\s+)?(?:[ivxlc]+|\d{1,3})\W*\s+(?=\S)")
# The look behind lets a line of dots be tried once, and not from each of its dots.
_PAGE = re.compile(r"(?<![\s.·…_-])[\s.·…_-]+(?:\d{1,4}|[ivxlc]+)$")
_FEWEST = 3
# A heading has so many lines at most.
_MOST_LINES = 3


def find_listed(lines: list[str]) -> list[Heading]:
    """Return the parts of `lines`, and the titles that its table of contents lists, as chapters.

    Empty when there is no such table, or when the text lacks one of its titles. The time grows with the lines, also of
    a text that consists of tables.
    """
    headings = find_headings(lines)
    tables = [heading for heading in headings if heading.kind == "contents"]
    if not tables:
        return []
    parts = [heading for heading in headings if heading.kind == "part"]
    starts = {part.start for part in parts}
    no_chapters = {"", "page", "chapter", "chapter page", *(_key(part.title) for part in parts)}
    blocks = _TitleBlocks(lines)
    # No text has the heading of the next table as a title, so a list that has not ended there is none.
    ends = [table.start for table in tables[1:]] + [len(lines)]
    for table, limit in zip(tables, ends, strict=True):
        for numbers in _lists(lines, table.end, limit):
            # Titles of parts may have lines of their own.
            texts = [lines[number].strip() for number in numbers if number not in starts]
            entries = [text for text in texts if _key(_PAGE.sub("", text)) not in no_chapters]
            titles = blocks.find(entries, numbers.stop) if len(entries) >= _FEWEST else []
            if titles:
                own = {title.start for title in titles}
                later = [part for part in parts if part.start >= numbers.stop and part.start not in own]
                return sorted([*later, *titles], key=lambda heading: heading.start)
    return []


def _lists(lines: list[str], start: int, limit: int) -> Iterator[range]:
    """Yield the lines of the list at line `start`: up to the first gap, then to where an entry is repeated.

    A list that does not end before line `limit` is not yielded.
    """
    while start < limit and not lines[start].strip():
        start += 1
    gap = next((n for n in range(start, limit) if not "".join(lines[n : n + 2]).strip()), limit)
    if gap < limit:
        yield range(start, gap)
    seen: set[str] = set()
    for first, end in _blocks(lines, start, limit):
        if end - first <= _MOST_LINES and _key(" ".join(lines[first:end])) in seen:
            yield range(start, first)
            return
        seen.update(_key(_PAGE.sub("", line.strip())) for line in lines[first:end])


class _TitleBlocks:
    """Where titles may stand: the blocks of a text, and their first lines, after which a chapter may go on at once."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._places = [
            (first, last)
            for first, end in _blocks(lines, 0, len(lines))
            for last in range(min(end, first + _MOST_LINES), first, -1)
        ]
        self._numbers = defaultdict[str, list[int]](list)
        for number, (first, last) in enumerate(self._places):
            self._numbers[_key(" ".join(lines[first:last]))].append(number)

    def find(self, entries: list[str], start: int) -> list[Heading]:
        """Return the headings from line `start` on that are `entries`, in order; none when one of them is missing."""
        position, entry = bisect_left(self._places, (start, 0)), 0
        titles: list[Heading] = []
        while entry < len(entries):
            # An entry may go on in a second line.
            spellings = [entries[entry], " ".join(entries[entry : entry + 2])]
            hits = [
                (number, size)
                for size, spelling in enumerate(spellings, 1)
                for key in {_key(spelling), _key(_PAGE.sub("", spelling))} - {""}
                if (number := self._next(key, position)) is not None
            ]
            if not hits:
                return []
            number, size = min(hits)
            first, end = self._places[number]
            label = " ".join(" ".join(self._lines[first:end]).split()).strip("_=*~ ")
            titles.append(Heading("chapter", "", None, label, "", first, end))
            position, entry = number + 1, entry + size
        return titles

    def _next(self, key: str, position: int) -> int | None:
        numbers = self._numbers.get(key, [])
        at = bisect_left(numbers, position)
        return numbers[at] if at < len(numbers) else None


def _blocks(lines: list[str], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the first line and the end of each block of lines from `start` to `stop`."""
    first = None
    for number in range(start, stop + 1):
        if number < stop and lines[number].strip():
            first = number if first is None else first
        elif first is not None:
            yield first, number
            first = None


def _key(text: str) -> str:
    """Return `text` in small letters without number, accents and punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    # It’s and its are one.
    plain = " ".join(re.sub("['’]", "", plain).replace("&", " and ").split()).strip("_=*~ ")
    match = _NUMBER.match(plain)
    return " ".join(re.findall(r"[^\W_]+", plain[match.end() :] if match else plain))
