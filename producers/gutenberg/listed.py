"""Chapters that have a title and no number: the table of contents names them, and the text has each as a heading.

    CONTENTS                          THE LAST FERRY
       I. The Last Ferry ... 1
       II. A Winter's Wages 23        It was late in the year when ...

Capitals, punctuation, accents, numbers and pages may differ. All titles must be found, in their order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from producers.gutenberg.headings import Heading, find_headings

# A number before a title, and dots and a page behind it.
_NUMBER = re.compile(r"(?:chapter\s+)?(?:[ivxlc]+|\d{1,3})\W*\s+(?=\S)")
_PAGE = re.compile(r"[\s.·…_-]+(?:\d{1,4}|[ivxlc]+)$")
_FEWEST = 3
# A heading has so many lines at most.
_MOST_LINES = 3


def find_listed(lines: list[str]) -> list[Heading]:
    """Return the parts of `lines`, and the titles that its table of contents lists, as chapters.

    Empty when there is no such table, or when the text lacks one of its titles.
    """
    headings = find_headings(lines)
    parts = [heading for heading in headings if heading.kind == "part"]
    for contents in headings:
        if contents.kind != "contents":
            continue
        for entries, end in _lists(lines, contents.end, parts):
            titles = _find_titles(lines, end, entries) if len(entries) >= _FEWEST else []
            if titles:
                own = {title.start for title in titles}
                later = [part for part in parts if part.start >= end and part.start not in own]
                return sorted([*later, *titles], key=lambda heading: heading.start)
    return []


def _lists(lines: list[str], start: int, parts: list[Heading]) -> Iterator[tuple[list[str], int]]:
    """Yield the entries of the list at line `start`, and its end: the first gap; else where an entry is repeated."""
    while start < len(lines) and not lines[start].strip():
        start += 1
    gap = next((n for n in range(start, len(lines)) if not "".join(lines[n : n + 2]).strip()), len(lines))
    yield _entries(lines, range(start, gap), parts), gap
    seen: set[str] = set()
    for first, end in _blocks(lines, start):
        if end - first <= _MOST_LINES and _key(" ".join(lines[first:end])) in seen:
            yield _entries(lines, range(start, first), parts), first
            return
        seen.update(_key(_PAGE.sub("", line.strip())) for line in lines[first:end])


def _entries(lines: list[str], numbers: range, parts: list[Heading]) -> list[str]:
    """Return the lines `numbers` of a list without those of parts, whose titles may have lines of their own."""
    starts = {part.start for part in parts}
    no_chapters = {"", "page", "chapter", "chapter page", *(_key(part.title) for part in parts)}
    texts = [lines[number].strip() for number in numbers if number not in starts]
    return [text for text in texts if _key(_PAGE.sub("", text)) not in no_chapters]


def _find_titles(lines: list[str], start: int, entries: list[str]) -> list[Heading]:
    """Return the headings from line `start` on that are `entries`, in their order; none when one of them is missing."""
    # The title is the block, or its first lines; then the text follows without a blank line.
    blocks = [
        (_key(" ".join(lines[first:last])), first, last)
        for first, end in _blocks(lines, start)
        for last in range(min(end, first + _MOST_LINES), first, -1)
    ]
    titles: list[Heading] = []
    position = number = 0
    while number < len(entries):
        # An entry may go on in a second line.
        wanted = [entries[number], " ".join(entries[number : number + 2])]
        keys = [{_key(entry), _key(_PAGE.sub("", entry))} - {""} for entry in wanted]
        places = range(position, len(blocks))
        hits = [(at, size) for size in (1, 2) for at in places if blocks[at][0] in keys[size - 1]]
        if not hits:
            return []
        at, size = min(hits)
        _, first, end = blocks[at]
        label = " ".join(" ".join(lines[first:end]).split()).strip("_=*~ ")
        titles.append(Heading("chapter", "", None, label, "", first, end))
        position, number = at + 1, number + size
    return titles


def _blocks(lines: list[str], start: int) -> Iterator[tuple[int, int]]:
    """Yield the first line and the end of each block of lines from `start` on."""
    first = None
    for number in range(start, len(lines) + 1):
        if number < len(lines) and lines[number].strip():
            first = number if first is None else first
        elif first is not None:
            yield first, number
            first = None


def _key(text: str) -> str:
    """Return `text` in small letters without number, accents and punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    # It’s and its are one.
    plain = re.sub("['’]", "", plain).replace("&", " and ").strip("_=*~ ")
    match = _NUMBER.match(plain)
    return " ".join(re.findall(r"[^\W_]+", plain[match.end() :] if match else plain))
