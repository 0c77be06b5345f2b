"""Tidies the lines of a PDF's pages: running heads and tables of contents go, and paragraphs are told apart.

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
# The head of a short section stands on fewer; it has the number of the page, too. So many pages,
# and this share of them, number their edges in step.
_FEWEST_NUMBERED = 8
_NUMBERED_SHARE = 0.25
_FIRST_NUMBER = re.compile(r"(\d{1,5})(?:\s|$)")
_LAST_NUMBER = re.compile(r"(?:^|\s)(\d{1,5})$")
_NUMBER_OF_PAGE = re.compile(r"(?:^|\s)(?:\d{1,5}|[ivxlc]{1,7})$")
# A line of a table of contents: dots lead from a title to the number of its page.
_LEADER = re.compile(r"(?:\s?[.·…]){4,}\s*(?:(\d{1,5})|[ivxlc]{1,7})$", re.IGNORECASE)
_DOTS = re.compile(r"\s?(?:\.\s?){5,}")
# A page with fewer of them may be a form or a list of prices.
_FEWEST_ENTRIES = 5
_NUMBERS = re.compile(r"\d+|\b[ivxlc]+\b")
_HYPHEN = re.compile(r"(\w\w)[-\u00ad\u2010]\n(?=[a-zäöüßàâçéèêëîïôùûñáíóú])")
_SHORT = 0.75
_ENDS = (".", "!", "?", ":", "”", '"', "»", "。", "！", "？")


def tidy_pages(pages: list[str]) -> list[str]:
    """Return the pages' texts, with blank lines between paragraphs."""
    lines = [[line for row in page.splitlines() if (line := " ".join(row.split()))] for page in pages]
    running = _running_lines(lines)
    first = _first_page_number(lines)
    rest = [
        _without_contents(_without(page, running, None if first is None else first + index), len(lines))
        for index, page in enumerate(lines)
    ]
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


def _edge_numbers(page: list[str]) -> set[int]:
    lines = [*page[:_EDGE], *page[-_EDGE:]]
    return {number for line in lines for number in _numbers(line)}


def _numbers(line: str) -> set[int]:
    """Return the number that a line begins with, and the one that it ends with."""
    return {int(match[1]) for match in (_FIRST_NUMBER.match(line), _LAST_NUMBER.search(line)) if match}


def _first_page_number(pages: list[list[str]]) -> int | None:
    """Return the number that the first page would have, counted back; None where edges have no numbers in step."""
    counts = Counter(number - index for index, page in enumerate(pages) for number in _edge_numbers(page))
    if not counts:
        return None
    first, count = counts.most_common(1)[0]
    return first if count >= max(_FEWEST_NUMBERED, _NUMBERED_SHARE * len(pages)) else None


def _without(page: list[str], running: frozenset[str], number: int | None) -> list[str]:
    """Return a page without the lines at its edges that are `running`, and without the line that has its own number."""
    left = _numbered_line(page, number)
    start, end = 0, len(page)
    while start < min(_EDGE, end) and (start == left or _key(page[start]) in running):
        start += 1
    while end > max(start, len(page) - _EDGE) and (end - 1 == left or _key(page[end - 1]) in running):
        end -= 1
    return page[start:end]


def _numbered_line(page: list[str], number: int | None) -> int | None:
    """Return the index of the line at an edge that has the page's own `number`: where it stands alone, or at the edge.

    There is one at most: "1 Introduction" on page 1, above the number of the page, is a title.
    """
    edges = {index for index in (*range(_EDGE), *range(len(page) - _EDGE, len(page))) if 0 <= index < len(page)}
    lines = [index for index in edges if number in _numbers(page[index])]
    return min(
        lines,
        key=lambda index: (not page[index].isdigit(), min(index, len(page) - 1 - index), -index),
        default=None,
    )


def _without_contents(page: list[str], page_count: int) -> list[str]:
    """Return a page without the entries of a table of contents; dots that lead the eye elsewhere are cut short."""
    entries = [entry for line in page if (entry := _LEADER.search(line))]
    numbers = [int(entry[1]) for entry in entries if entry[1]]
    # The numbers of a price list, or of an index, do not rise.
    is_contents = numbers == sorted(numbers) and all(number <= page_count for number in numbers)
    if is_contents and len(entries) >= max(_FEWEST_ENTRIES, len(page) / 2):
        return [line for line in page if not _LEADER.search(line) and not _NUMBER_OF_PAGE.search(line)]
    return [_DOTS.sub(" ... ", line).strip() for line in page]


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
