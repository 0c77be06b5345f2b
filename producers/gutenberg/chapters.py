"""The chapters of a book in plain text: the text between its headings, without the table of contents.

When the chapters are not clear, none are returned: a book cut in the wrong places would be summarized for an hour
before anybody noticed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

from producers.gutenberg.back_matter import APPENDIX, find_back_matter
from producers.gutenberg.contents import find_contents, nest
from producers.gutenberg.headings import OPENING, Heading, find_headings, unread_headings
from producers.gutenberg.listed import find_listed
from producers.gutenberg.numbered import find_numbers, ways_to_number
from streaming.wording import counted

# Text under a part's heading with more words than this is a chapter; shorter text is an epigraph.
_EPIGRAPH = 60
# In a list of chapters the average title has fewer words than this; the average chapter has more.
_TITLE = 20
_CAPTION = re.compile(r"\[Illustration:[^\[\]]*\]", re.IGNORECASE)
# Lines of a caption; a longer one is a paragraph of its own.
_LONGEST_CAPTION = 6
_END = re.compile(r"[\W_]*|_?(?:the end|finis)[.!]?_?", re.IGNORECASE)


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


@dataclass(frozen=True)
class Sections:
    """What a book is cut into: its numbered and named `chapters`, the `appendices` behind them, what is `left_out`."""

    chapters: list[Chapter] = field(default_factory=list)
    appendices: list[Chapter] = field(default_factory=list)
    left_out: list[Chapter] = field(default_factory=list)


def find_chapters(text: str) -> Sections:
    """Return the chapters of `text`, in their order; none when there are not two that are clearly chapters.

    Chapters are the texts under "CHAPTER I" and the like; else those under other words with a number, or plain numbers,
    when these count up without a gap; else those under the titles that the table of contents lists; else the parts,
    when they count up and have nothing in them that looks like a chapter's heading.
    """
    # A picture without a caption says nothing, and stands between a number and its title.
    lines = ["" if line.strip() == "[Illustration]" else line for line in text.split("\n")]
    headings = find_headings(lines)
    if any(heading.kind == "chapter" for heading in headings):
        sections = _cut(lines, headings)
        if _is_text(sections.chapters):
            return sections
    else:
        # "CHAP. I. of the falling wall" may be a sentence, too.
        sections = _cut(lines, find_headings(lines, lower=True))
        if _is_text(sections.chapters) and _counts_up(sections.chapters):
            return sections
    numbers = find_numbers(lines)
    for numbered in ways_to_number(lines, numbers):
        # Most ways have no such numbers, and cutting takes time.
        if not {1, 2} <= {heading.number for heading in numbered if heading.kind == "chapter"}:
            continue
        sections = _cut(lines, numbered)
        if _is_text(sections.chapters) and _counts_up(sections.chapters):
            return sections
    listed = find_listed(lines)
    sections = _cut(lines, listed)
    unread = len(unread_headings(lines, [*listed, *numbers]))
    if _each_has_text(sections.chapters, listed) and unread < len(sections.chapters):
        return sections
    parts = [heading for heading in headings if heading.kind != "chapter"]
    sections = _cut(lines, [replace(part, kind="chapter") if part.kind == "part" else part for part in parts])
    is_clear = _is_text(sections.chapters) and _counts_up(sections.chapters)
    return sections if is_clear and len(unread_headings(lines, headings)) < len(sections.chapters) else Sections()


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


def _cut(lines: list[str], headings: list[Heading]) -> Sections:
    """Cut `lines` at `headings`, leave out the contents; a heading without text makes no chapter."""
    contents = find_contents(lines, headings)
    text_headings = _settle_named(lines, [heading for heading in headings if heading not in contents])
    back_matter = find_back_matter(lines, text_headings)
    end = back_matter[0].start if back_matter else len(lines)
    text_headings = [heading for heading in text_headings if heading.start < end]
    # A table of contents ends the text before it.
    inside = [heading.start for heading in [*text_headings, *contents] if heading.start < end]
    starts = sorted({*inside, *(heading.start for heading in back_matter), len(lines)})
    captions = {heading.start: _caption_above(lines, heading.start) for heading in text_headings}
    ends = {start: captions.get(following, following) for start, following in pairwise(starts)}
    open_parts: list[Heading] = []
    epigraph = ""
    chapters = []
    for heading in text_headings:
        caption = [line for line in lines[captions[heading.start] : heading.start] if line.strip()]
        text = "\n".join(caption + lines[heading.end : ends[heading.start]])
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
    sections = Sections(chapters)
    for heading in back_matter:
        text = _paragraphs("\n".join(lines[heading.end : ends[heading.start]]))
        behind = sections.appendices if heading.word == APPENDIX else sections.left_out
        if text:
            behind.append(Chapter((), heading.label, None, heading.title, text))
    return sections


def _caption_above(lines: list[str], start: int) -> int:
    """Return where the caption of a picture that stands right above a heading begins; `start` without one."""
    end = start
    while end and not lines[end - 1].strip():
        end -= 1
    first = end
    while first and lines[first - 1].strip() and end - first < _LONGEST_CAPTION:
        first -= 1
    return first if _CAPTION.fullmatch("\n".join(lines[first:end]).strip()) else start


def _paragraphs(text: str) -> str:
    """Return `text` without blank lines around it, and without ornaments and "THE END" behind it."""
    lines = text.rstrip().split("\n")
    while lines and _END.fullmatch(lines[-1].strip()):
        lines.pop()
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
