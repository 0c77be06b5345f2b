"""The chapters of a book in plain text: the text between its headings, without the table of contents.

When the chapters are not clear, none are returned: a book cut in the wrong places would be summarized for an hour
before anybody noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from producers.gutenberg.contents import find_contents, nest
from producers.gutenberg.headings import OPENING, Heading, find_headings, unread_headings
from producers.gutenberg.listed import find_listed
from producers.gutenberg.numbered import find_numbers, ways_to_number
from streaming.wording import counted

# Text under a part's heading with more words than this is a chapter; shorter text is an epigraph.
_EPIGRAPH = 60
# In a list of chapters the average title has fewer words than this; the average chapter has more.
_TITLE = 20


@dataclass(frozen=True)
class Chapter:
    """A chapter: its headings as the file has them, outermost part first, and its text without them.

    The text of a part before its first chapter has no `label`.
    """

    parts: tuple[str, ...]
    label: str
    number: int | None
    title: str
    text: str

    @property
    def words(self) -> int:
        """The number of words of the text, which blanks and line ends separate."""
        return len(self.text.split())


def find_chapters(text: str) -> list[Chapter]:
    """Return the chapters of `text`, in their order; none when there are not two that are clearly chapters.

    Chapters are the texts under "CHAPTER I" and the like; else those under other words with a number, or plain numbers,
    when these count up without a gap; else those under the titles that the table of contents lists; else the parts,
    when they count up and have nothing in them that looks like a chapter's heading.
    """
    lines = text.split("\n")
    headings = find_headings(lines)
    chapters = _cut(lines, headings) if any(heading.kind == "chapter" for heading in headings) else []
    if _is_text(chapters):
        return chapters
    numbers = find_numbers(lines)
    for numbered in ways_to_number(lines, numbers):
        # Most ways have no such numbers, and cutting takes time.
        if not {1, 2} <= {heading.number for heading in numbered if heading.kind == "chapter"}:
            continue
        chapters = _cut(lines, numbered)
        if _is_text(chapters) and _counts_up(chapters):
            return chapters
    listed = find_listed(lines)
    chapters = _cut(lines, listed)
    if _each_has_text(chapters, listed) and len(unread_headings(lines, [*listed, *numbers])) < len(chapters):
        return chapters
    parts = [heading for heading in headings if heading.kind != "chapter"]
    chapters = _cut(lines, [replace(part, kind="chapter") if part.kind == "part" else part for part in parts])
    is_clear = _is_text(chapters) and _counts_up(chapters) and len(unread_headings(lines, headings)) < len(chapters)
    return chapters if is_clear else []


def describe_headings(text: str) -> str:
    """Say which headings `text` has, in numbers: why its chapters are not clear."""
    lines = text.split("\n")
    headings = find_headings(lines)
    numbers = find_numbers(lines)
    counts = [
        (
            sum(heading.kind == "chapter" for heading in headings),
            "heading like 'CHAPTER I'",
            "headings like 'CHAPTER I'",
        ),
        (sum(heading.kind == "part" for heading in headings), "heading like 'BOOK ONE'", "headings like 'BOOK ONE'"),
        (len(numbers), "plain number", None),
        (len(unread_headings(lines, [*headings, *numbers])), "other line like a title", "other lines like titles"),
    ]
    seen = [counted(number, noun, plural) for number, noun, plural in counts if number]
    return ", ".join(seen) or "no line in it stands like a heading"


def _cut(lines: list[str], headings: list[Heading]) -> list[Chapter]:
    """Cut `lines` at `headings`, leave out the contents; a heading without text makes no chapter."""
    contents = find_contents(lines, headings)
    text_headings = _settle_named(lines, [heading for heading in headings if heading not in contents])
    # A table of contents ends the text before it.
    starts = sorted({heading.start for heading in [*text_headings, *contents]} | {len(lines)})
    ends = dict(pairwise(starts))
    open_parts: list[Heading] = []
    epigraph = ""
    chapters = []
    for heading in text_headings:
        text = "\n".join(lines[heading.end : ends[heading.start]])
        if heading.kind == "part":
            open_parts = nest(open_parts, heading)
            if len(text.split()) <= _EPIGRAPH:
                epigraph = f"{epigraph}\n{text}"
                continue
        text, epigraph = _paragraphs(f"{epigraph}\n{text}"), ""
        parts = tuple(f"{part.label}: {part.title}" if part.title else part.label for part in open_parts)
        if text and heading.kind == "part":
            chapters.append(Chapter(parts, "", None, "", text))
        elif text:
            chapters.append(Chapter(parts, heading.label, heading.number, heading.title, text))
    return chapters


def _paragraphs(text: str) -> str:
    """Return `text` without the blank lines before and after it; its first line keeps its indent."""
    lines = text.rstrip().split("\n")
    return "\n".join(lines[next((n for n, line in enumerate(lines) if line.strip()), len(lines)) :])


def _settle_named(lines: list[str], headings: list[Heading]) -> list[Heading]:
    """Decide what each PREFACE or EPILOGUE is: a chapter, a part that has chapters, or a word inside a chapter."""
    settled: list[Heading] = []
    # The last chapter of this part before each heading, and the next one before the next part.
    before: Heading | None = None
    for heading, after in zip(headings, _chapters_after(headings), strict=True):
        neighbour = before if heading.word in OPENING else after
        if heading.kind != "named" or neighbour is None:
            settled.append(heading)
        elif heading.word not in OPENING and neighbour.number == 1 and _adjacent(lines, heading, neighbour):
            settled.append(replace(heading, kind="part"))
        else:
            continue
        if settled[-1].kind in ("chapter", "part"):
            before = heading if settled[-1].kind == "chapter" else None
    return settled


def _chapters_after(headings: list[Heading]) -> list[Heading | None]:
    """Return for each heading the next chapter behind it that comes before the next part."""
    result = list[Heading | None]()
    chapter: Heading | None = None
    for heading in reversed(headings):
        result.append(chapter)
        if heading.kind in ("chapter", "part"):
            chapter = heading if heading.kind == "chapter" else None
    return result[::-1]


def _adjacent(lines: list[str], heading: Heading, after: Heading) -> bool:
    return not "".join(lines[heading.end : after.start]).strip()


def _is_text(chapters: list[Chapter]) -> bool:
    """Whether `chapters` hold a book: at least two have numbers, and they are no list of titles before all the text."""
    if sum(chapter.number is not None for chapter in chapters) < 2:
        return False
    *lengths, last = (chapter.words for chapter in chapters)
    return last < 2 * _TITLE * len(lengths) or sum(lengths) > _TITLE * len(lengths)


def _counts_up(chapters: list[Chapter]) -> bool:
    """Whether the chapters count from 1 without a gap, in each part or on and on, three or more, and are the book.

    They are the book when half of it is in them, and not in one of them. The checks are needed because numerals also
    stand over the sections of one story, over stanzas and in lists.
    """
    numbers: dict[tuple[str, ...], list[int]] = {}
    for chapter in chapters:
        if chapter.number is not None:
            numbers.setdefault(chapter.parts, []).append(chapter.number)
    all_numbers = [number for series in numbers.values() for number in series]
    in_order = all(map(_is_series, numbers.values())) or _is_series(all_numbers)
    in_numbered = sum(chapter.words for chapter in chapters if chapter.number is not None)
    covers = 2 * in_numbered > sum(chapter.words for chapter in chapters)
    return in_order and covers and len(chapters) > 2 and _none_is_half(chapters)


def _none_is_half(chapters: list[Chapter]) -> bool:
    return 2 * max(chapter.words for chapter in chapters) < sum(chapter.words for chapter in chapters)


def _is_series(numbers: list[int]) -> bool:
    return numbers == list(range(1, len(numbers) + 1))


def _each_has_text(chapters: list[Chapter], headings: list[Heading]) -> bool:
    """Whether each title of a list has a text that is longer than a title."""
    titled = [chapter for chapter in chapters if chapter.label]
    expected = sum(heading.kind == "chapter" for heading in headings)
    return 0 < len(titled) == expected and all(chapter.words > _TITLE for chapter in titled) and _none_is_half(chapters)
