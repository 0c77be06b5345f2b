"""The headings of a book in plain text: chapters, parts, prefaces, and the word CONTENTS.

A heading is a line that begins a block of lines, names a kind and a number ("CHAPTER I", "Chapter the First. Of
Bread", "BOOK ONE: 1805", "FIRST EPILOGUE") and does not go on like a sentence. Its words are
English. `find_headings` returns every such line, also those of a table of contents; `find_chapters` decides which of
them begin text. Plain numbers and titles alone: `numbered` and `listed`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from producers.gutenberg.numerals import NUMBER, ORDINAL, read_number

Kind = Literal["chapter", "part", "named", "contents"]

_REST = r"(?P<rest>(?:\s*[.:\])—–-].*|\s+\S.*)?)"
_CHAPTER = re.compile(
    rf"(?P<label>(?P<word>chapter|chap\.?|stave|letter)\s+(?:the\s+)?(?P<number>{NUMBER}|last\b)"
    rf"|(?:the\s+)?(?P<ordinal>{ORDINAL})\s+(?P<after>chapter|stave|letter)(?!\w)){_REST}",
    re.IGNORECASE,
)
_PART = re.compile(
    rf"(?P<label>(?P<word>volume|vol\.?|book|part|act)\s+(?:the\s+)?(?P<number>{NUMBER})"
    rf"|(?:the\s+)?(?P<ordinal>{ORDINAL})\s+(?P<after>volume|book|part|act|epilogue|prologue)(?!\w)){_REST}",
    re.IGNORECASE,
)
# Names of a chapter before the first numbered one, and of a chapter after the last.
OPENING = {"PROLOGUE", "PREFACE", "INTRODUCTION", "FOREWORD"}
CLOSING = {"EPILOGUE", "AFTERWORD", "CONCLUSION", "POSTSCRIPT"}
_NAMED = re.compile(
    rf"(?P<label>(?P<word>{'|'.join(sorted(OPENING | CLOSING))}))(?P<rest>\s*[.:—–-].*)?", re.IGNORECASE
)
_CONTENTS = re.compile(r"(?:table of )?contents(?: of .+)?[.:]?", re.IGNORECASE)

# A title after "CHAPTER I." that runs over more words than this is the chapter's first paragraph.
_LONGEST_TITLE = 40
# A line with more words than this is text, and no title.
_LONGEST_OWN_LINE = 20
# The same for a line right below a number. When so many chapters have one, it is the title in all of them.
_LONGEST_TITLE_BELOW = 12
_TITLED = 0.8
_FEWEST_TITLES = 3


@dataclass(frozen=True)
class Heading:
    """A heading: `label` and `title` as the file has them. Its lines are `start` to `end`; its text begins at `end`.

    `word` and `number` do not depend on the spelling: CHAPTER I and Chapter the First are both ("CHAPTER", 1).
    """

    kind: Kind
    word: str
    number: int | None
    label: str
    title: str
    start: int
    end: int

    @property
    def key(self) -> tuple[str, int | str]:
        """Equal for two headings of the same chapter: its heading in the contents and its heading over the text."""
        return self.word, self.label.casefold() if self.number is None else self.number


def find_headings(lines: list[str]) -> list[Heading]:
    """Return all headings of `lines`, in their order."""
    return with_titles(find_untitled(lines), lines)


def unread_headings(lines: list[str], headings: list[Heading]) -> list[int]:
    """Return the lines that stand like a title, two blank lines above and one below, and are in none of `headings`."""
    taken = {number for heading in headings for number in range(heading.start, heading.end)}
    return [
        number
        for number in range(2, len(lines) - 1)
        if number not in taken
        and not "".join((*lines[number - 2 : number], lines[number + 1])).strip()
        and len(lines[number].split()) <= _LONGEST_TITLE_BELOW
        and is_title(lines[number])
    ]


def find_untitled(lines: list[str]) -> list[Heading]:
    """Return all headings of `lines` as single lines, with what stands on the line behind the number as title."""
    headings = []
    in_block = False
    for index, line in enumerate(lines):
        begins_block = index == 0 or not lines[index - 1].strip()
        # The lines of a table of contents follow each other without blank ones.
        if (begins_block or in_block) and (heading := read_heading(line, index)):
            headings.append(heading)
            in_block = True
        elif begins_block:
            in_block = False
    return headings


def read_heading(line: str, index: int) -> Heading | None:
    """Return the heading in `line`, which has the number `index`; None when it is text."""
    # Gutenberg's plain text marks footnotes, italic and bold so.
    text = re.sub(r"\[\d+\]$", "", line.strip()).strip("_=*~ ")
    if not text[:1].isupper():
        return None
    if _CONTENTS.fullmatch(text):
        return Heading("contents", "CONTENTS", None, text, "", index, index + 1)
    if match := _CHAPTER.fullmatch(text):
        kind: Kind = "chapter"
        number, word = read_number(match["number"] or match["ordinal"]), match["word"] or match["after"]
        if number is None and (match["number"] or "").casefold() != "last":
            return None
    elif match := _PART.fullmatch(text):
        kind = "part"
        number, word = read_number(match["number"] or match["ordinal"]), match["word"] or match["after"]
        if number is None:
            return None
    elif match := _NAMED.fullmatch(text):
        kind, number, word = "named", None, match["word"]
    else:
        return None
    title = _title(match["rest"] or "")
    if title is None:
        return None
    word = {"CHAP": "CHAPTER", "VOL": "VOLUME"}.get(word.rstrip(".").upper(), word.upper())
    return Heading(kind, word, number, _one_line(match["label"]), title, index, index + 1)


def _title(rest: str) -> str | None:
    """Return the title in `rest`, the text after a heading's number: "" for no title, None when a sentence goes on."""
    mark, title = re.fullmatch(r"\s*([.:\])—–-]*)\s*(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    letter = next((character for character in title if character.isalpha()), "")
    return None if letter.islower() and not set(mark) & set(":—–-") else title.strip()


def with_titles(headings: list[Heading], lines: list[str]) -> list[Heading]:
    """Return `headings` with their titles, which may go on or begin on the lines after them."""
    ends = [heading.start for heading in headings[1:]] + [len(lines)]
    below = _titles_are_below(headings, ends, lines)
    return [_with_title(heading, lines, end, below) for heading, end in zip(headings, ends, strict=False)]


def _titles_are_below(headings: list[Heading], ends: list[int], lines: list[str]) -> bool:
    """Whether nearly every chapter has a short line right below its number: a title, even if it is a sentence."""
    chapters = [
        _one_line(" ".join(lines[heading.end : _block_end(lines, heading.end, end)]))
        for heading, end in zip(headings, ends, strict=False)
        if heading.kind == "chapter" and not heading.title and heading.end < end
    ]
    titles = [text for text in chapters if text and len(text.split()) <= _LONGEST_TITLE_BELOW]
    return len(titles) >= _FEWEST_TITLES and len(titles) >= _TITLED * len(chapters)


def _with_title(heading: Heading, lines: list[str], limit: int, below: bool) -> Heading:
    """Return `heading` with its title, which ends before line `limit`; `below`: it is the line below, as it stands."""
    if heading.kind == "contents":
        return heading
    block_end = _block_end(lines, heading.start, limit)
    if heading.title:
        whole = _one_line(" ".join([heading.title, *lines[heading.start + 1 : block_end]]))
        if len(whole.split()) <= _LONGEST_TITLE:
            return replace(heading, title=whole, end=block_end)
        # The text begins on the heading's own line; it stays there, with the heading.
        return replace(heading, title="", end=heading.start)
    start = heading.end
    while start < limit and not lines[start].strip():
        start += 1
    end = _block_end(lines, start, limit)
    title = _one_line(" ".join(lines[start:end]))
    is_below = below and heading.kind == "chapter" and start == heading.end
    if read_number(title.strip("[]().: ")) is not None:
        # The number of the chapter's first section.
        return heading
    if is_title(title) or (is_below and 0 < len(title.split()) <= _LONGEST_TITLE_BELOW):
        return replace(heading, title=title, end=end)
    return heading


def _block_end(lines: list[str], start: int, limit: int) -> int:
    return next((index for index in range(start, limit) if not lines[index].strip()), limit)


def is_title(text: str) -> bool:
    """Whether a paragraph is a title: short, and in capitals or with a capital for each longer word."""
    words = text.strip("_=*~ ").split()
    if not words or len(words) > _LONGEST_OWN_LINE or not any(character.isalpha() for character in text):
        return False
    if text == text.upper():
        return text[0] not in "“\"‘'[("
    longer = [word for word in words if sum(map(str.isalpha, word)) >= 4]
    return words[0][0].isupper() and all(word[0].isupper() for word in longer) and text[-1].isalnum()


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" _=*~")
