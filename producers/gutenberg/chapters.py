"""The chapters of a book in plain text: what its headings cut, without the table of contents.

Where the chapters are not clear, there are none: a book cut wrongly would be summarized for an hour before anybody
saw it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from producers.gutenberg.contents import find_contents, nest
from producers.gutenberg.headings import OPENING, Heading, find_headings, find_numerals

# What stands under a part's heading and is longer than this is a text of its own; an epigraph is not.
_EPIGRAPH = 60
# The average title in a list of chapters has fewer words than this, and no story does.
_LISTED = 20


@dataclass(frozen=True)
class Chapter:
    """A chapter: its headings as the file has them, outermost part first, and its text without them.

    What a part says before its first chapter has no `label`.
    """

    parts: tuple[str, ...]
    label: str
    number: int | None
    title: str
    text: str

    @property
    def words(self) -> int:
        """How many words the text has: what blanks and line ends separate."""
        return len(self.text.split())


def find_chapters(text: str) -> list[Chapter]:
    """Return the chapters of `text`, in their order; none when there are not two that are clearly chapters.

    Chapters are what stands under "CHAPTER I" and the like; else what stands under "I", "II" when these count up
    without a gap; else the parts.
    """
    lines = text.split("\n")
    headings = find_headings(lines)
    found = _cut(lines, headings) if any(heading.kind == "chapter" for heading in headings) else []
    if _is_text(found):
        return found
    found = _cut(lines, find_numerals(lines))
    if _is_text(found) and _counts_up(found):
        return found
    parts = [heading for heading in headings if heading.kind != "chapter"]
    found = _cut(lines, [replace(part, kind="chapter") if part.kind == "part" else part for part in parts])
    return found if _is_text(found) else []


def _cut(lines: list[str], headings: list[Heading]) -> list[Chapter]:
    """Cut `lines` at `headings`, leave out the contents; a heading without text makes no chapter."""
    contents = find_contents(lines, headings)
    kept = _in_place(lines, [heading for heading in headings if heading not in contents])
    # A table of contents ends the text before it.
    starts = sorted({heading.start for heading in [*kept, *contents]} | {len(lines)})
    ends = dict(pairwise(starts))
    open_parts: list[Heading] = []
    epigraph = ""
    found = []
    for heading in kept:
        text = "\n".join(lines[heading.end : ends[heading.start]])
        if heading.kind == "part":
            open_parts = nest(open_parts, heading)
            if len(text.split()) <= _EPIGRAPH:
                epigraph = f"{epigraph}\n{text}"
                continue
        text, epigraph = _paragraphs(f"{epigraph}\n{text}"), ""
        parts = tuple(f"{part.label}: {part.title}" if part.title else part.label for part in open_parts)
        if text and heading.kind == "part":
            found.append(Chapter(parts, "", None, "", text))
        elif text:
            found.append(Chapter(parts, heading.label, heading.number, heading.title, text))
    return found


def _paragraphs(text: str) -> str:
    """Return `text` without the blank lines before and after it; its first line keeps its indent."""
    lines = text.rstrip().split("\n")
    return "\n".join(lines[next((n for n, line in enumerate(lines) if line.strip()), len(lines)) :])


def _in_place(lines: list[str], headings: list[Heading]) -> list[Heading]:
    """Settle what a PREFACE or an EPILOGUE is: a chapter, a part that has chapters, or a word inside of a chapter."""
    kept: list[Heading] = []
    for place, heading in enumerate(headings):
        if heading.kind != "named":
            kept.append(heading)
            continue
        beside = _chapters(kept[::-1] if heading.word in OPENING else headings[place + 1 :])
        if not beside:
            kept.append(heading)
        elif heading.word not in OPENING and beside[0].number == 1 and _nothing_between(lines, heading, beside[0]):
            kept.append(replace(heading, kind="part"))
    return kept


def _nothing_between(lines: list[str], heading: Heading, after: Heading) -> bool:
    return not "".join(lines[heading.end : after.start]).strip()


def _chapters(headings: list[Heading]) -> list[Heading]:
    """Return the chapters among `headings` that come before the next part."""
    part = takewhile(lambda heading: heading.kind != "part", headings)
    return [heading for heading in part if heading.kind == "chapter"]


def _is_text(chapters: list[Chapter]) -> bool:
    """Whether `chapters` hold a book: at least two with numbers, and no list of titles with all the text behind it."""
    if sum(chapter.number is not None for chapter in chapters) < 2:
        return False
    *listed, last = (chapter.words for chapter in chapters)
    return last < 2 * _LISTED * len(listed) or sum(listed) > _LISTED * len(listed)


def _counts_up(chapters: list[Chapter]) -> bool:
    """Whether the chapters of each part count from 1 without a gap, three or more, none of them half of the book.

    Numerals also stand over the sections of one story, over stanzas and in lists.
    """
    numbers: dict[tuple[str, ...], list[int]] = {}
    for chapter in chapters:
        if chapter.number is not None:
            numbers.setdefault(chapter.parts, []).append(chapter.number)
    in_order = all(found == list(range(1, len(found) + 1)) for found in numbers.values())
    longest = max(chapter.words for chapter in chapters)
    return in_order and len(chapters) > 2 and 2 * longest < sum(chapter.words for chapter in chapters)
