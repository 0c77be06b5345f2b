"""Tidies the lines of a PDF's pages: lines at the edge of page after page go, and paragraphs are told apart.

A PDF says where each line stands, and nothing of paragraphs. A line that is shorter than the others ends one when it
ends a sentence, or when the next line begins one: a heading, an address, a row of a table.
"""

from __future__ import annotations

import re
from collections import Counter

# Lines at the top and at the bottom that may be a page's number, or the book's title on each page.
_EDGE = 2
# In a book that has a title at the top of every other page, and a chapter's on the others, each title of a chapter
# stands on a few pages in a hundred; pages of text begin alike by chance on fewer than these.
_FEWEST_PAGES = 3
_LEAST_SHARE = 0.15
_NUMBERS = re.compile(r"\d+|\b[ivxlc]+\b")
_HYPHEN = re.compile(r"(\w\w)[-\u00ad\u2010]\n(?=[a-zäöüßàâçéèêëîïôùûñáíóú])")
_SHORT = 0.75
_ENDS = (".", "!", "?", ":", "”", '"', "»", "。", "！", "？")


def tidy_pages(pages: list[str]) -> list[str]:
    """Return the pages' texts, with blank lines between paragraphs."""
    lines = [[line for row in page.splitlines() if (line := " ".join(row.split()))] for page in pages]
    running = _running_lines(lines)
    rest = [_without(page, running) for page in lines]
    # A file of equal pages, such as labels, has nothing else.
    lines = rest if any(rest) else lines
    width = _width(lines)
    return [_paragraphs(page, width) for page in lines]


def _key(line: str) -> str:
    return _NUMBERS.sub("#", line.casefold())


def _edges(page: list[str]) -> list[str]:
    return list(dict.fromkeys(map(_key, [*page[:_EDGE], *page[-_EDGE:]])))


def _running_lines(pages: list[list[str]]) -> frozenset[str]:
    """Return what stands at the edge of so many pages that it belongs to none of them; numbers are all alike."""
    counts = Counter(key for page in pages for key in _edges(page))
    fewest = max(_FEWEST_PAGES, _LEAST_SHARE * len(pages))
    return frozenset(key for key, count in counts.items() if count >= fewest)


def _without(page: list[str], running: frozenset[str]) -> list[str]:
    start, end = 0, len(page)
    while start < min(_EDGE, end) and _key(page[start]) in running:
        start += 1
    while end > max(start, len(page) - _EDGE) and _key(page[end - 1]) in running:
        end -= 1
    return page[start:end]


def _width(pages: list[list[str]]) -> int:
    """Return how long a full line is: longer than three of four lines."""
    lengths = sorted(len(line) for page in pages for line in page)
    return lengths[len(lengths) * 3 // 4] if lengths else 0


def _paragraphs(page: list[str], width: int) -> str:
    pieces: list[str] = []
    for line, following in zip(page, [*page[1:], ""], strict=False):
        pieces.append(line)
        ends = len(line) < _SHORT * width and (line.endswith(_ENDS) or not following[:1].islower())
        pieces.append("\n\n" if ends else "\n")
    return _HYPHEN.sub(r"\1", "".join(pieces)).strip()
