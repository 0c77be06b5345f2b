"""The sections of a PDF by its outline, which readers show beside the pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pypdfium2 import PdfDocument

# A title may stand in several lines of a page.
_MOST_LINES = 3
# What stands above a title and belongs to it, such as "CHAPTER", "ONE": lines, words of each, and characters of all.
_MOST_ABOVE, _MOST_WORDS, _MOST_CHARACTERS = 2, 2, 30
# Fewer letters stand at the start of many a line.
_SHORTEST = 4
_MOST_ENTRIES = 20_000
_DEEPEST = 10
_NO_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, order=True)
class Section:
    """A section begins at a line of a page, both counted from 0."""

    page: int
    line: int
    title: str


def read_sections(document: PdfDocument, pages: list[str]) -> list[Section]:
    """Return the sections of the outline's highest level that has several, in the order of the pages; none without.

    A section begins where its title stands on the page that the outline names, or else with that page.
    """
    entries = list(_entries(document))
    counts = Counter(level for level, _, _ in entries)
    level = min((level for level, count in counts.items() if count > 1), default=0)
    sections = sorted(
        Section(page, _line_of(title, pages[page]), title)
        for entry_level, page, title in entries
        if entry_level == level and 0 <= page < len(pages)
    )
    # Of two that begin at one place, the second holds the text.
    return list({(section.page, section.line): section for section in sections}.values())


def _entries(document: PdfDocument) -> Iterator[tuple[int, int, str]]:
    """Yield level, page and title of each entry."""
    for bookmark in islice(document.get_toc(max_depth=_DEEPEST), _MOST_ENTRIES):
        title = " ".join(bookmark.get_title().split())
        place = bookmark.get_dest()
        page = None if place is None else place.get_index()
        if title and page is not None:
            yield bookmark.level, page, title


def _line_of(title: str, page: str) -> int:
    """Return the line of a page at which a title stands, 0 when it does not stand there."""
    wanted = _letters(title)
    lines = page.split("\n")
    for number in range(len(lines)):
        for end in range(number + 1, number + 1 + _MOST_LINES):
            letters = _letters(" ".join(lines[number:end]))
            # The outline may have a number before the title that the page has not.
            if letters == wanted or (len(letters) >= max(_SHORTEST, len(wanted) / 2) and wanted.endswith(letters)):
                return 0 if _is_above_title(lines[:number]) else number
    return 0


def _is_above_title(lines: list[str]) -> bool:
    """Whether the `lines` at the top of a page only number the chapter whose title is below them."""
    words = [line.split() for line in lines if line]
    return (
        len(words) <= _MOST_ABOVE
        and all(len(line) <= _MOST_WORDS for line in words)
        and sum(map(len, lines)) <= _MOST_CHARACTERS
        and not any(line.endswith((".", "!", "?")) for line in lines)
    )


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text).casefold()
