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
# Longer titles below a number tell the chapter, and begin so.
_TELLING = {"in", "how", "of", "wherein", "containing", "concerning", "showing", "shows", "treating", "treats", "being"}
# Words of four letters and more that stay small in a title.
_SMALL = {
    "about", "after", "against", "among", "before", "behind", "between", "from", "into", "over", "than", "that",
    "through", "toward", "towards", "under", "until", "upon", "when", "where", "with", "within", "without",
}  # fmt: skip
# A title above a number has so many lines at most, and so many blank lines below it.
_MOST_TITLE_LINES, _MOST_BLANKS = 3, 2
# A chapter's first words, or a picture, and no title.
_QUOTES = "“\"‘'«[("


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


def find_headings(lines: list[str], *, lower: bool = False) -> list[Heading]:
    """Return all headings of `lines`, in their order; `lower`: also those whose title begins with a small letter."""
    return with_titles(find_untitled(lines, lower=lower), lines)


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


def find_untitled(lines: list[str], *, lower: bool = False) -> list[Heading]:
    """Return all headings of `lines` as single lines, with what stands on the line behind the number as title."""
    headings = []
    in_block = False
    for index, line in enumerate(lines):
        begins_block = index == 0 or not lines[index - 1].strip()
        # The lines of a table of contents follow each other without blank ones.
        if (begins_block or in_block) and (heading := read_heading(line, index, lower=lower)):
            headings.append(heading)
            in_block = True
        elif stands_below_title(lines, index) and (heading := read_heading(line, index)):
            headings.append(heading)
        elif begins_block:
            in_block = False
    return headings


def stands_below_title(lines: list[str], index: int) -> bool:
    """Whether line `index` ends a block of a few lines whose others are a title, two blank lines below the text."""
    return bool(title_above(lines, index)) and index > 0 and bool(lines[index - 1].strip()) and not _next(lines, index)


def _next(lines: list[str], index: int) -> str:
    return lines[index + 1].strip() if index + 1 < len(lines) else ""


def title_above(lines: list[str], index: int) -> tuple[int, str] | None:
    """Return the title above line `index`, with the number of its first line; None: there is none.

    THE FALLING WALL               two blank lines stand above it; the line `index` follows at once, or after a
    II.                            blank line or two
    """
    end = index
    while end > 0 and index - end < _MOST_BLANKS and not lines[end - 1].strip():
        end -= 1
    start = end
    while start > 0 and end - start <= _MOST_TITLE_LINES and lines[start - 1].strip():
        start -= 1
    text = _one_line(" ".join(lines[start:end]))
    if not text or end - start > _MOST_TITLE_LINES or len(text.split()) > _LONGEST_TITLE_BELOW or text[0] in _QUOTES:
        return None
    # The last paragraph of a chapter has one blank line above it, and does not look like a title.
    is_apart = end < index and not "".join(lines[max(0, start - 2) : start]).strip() and text[0].isupper()
    return (start, text) if is_apart or is_title(text.rstrip(".!?")) else None


def read_heading(line: str, index: int, *, lower: bool = False) -> Heading | None:
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
    title = _title(match["rest"] or "", lower=lower)
    if title is None:
        return None
    word = {"CHAP": "CHAPTER", "VOL": "VOLUME"}.get(word.rstrip(".").upper(), word.upper())
    return Heading(kind, word, number, _one_line(match["label"]), title, index, index + 1)


def _title(rest: str, *, lower: bool) -> str | None:
    """Return the title in `rest`, the text after a heading's number: "" for no title, None when a sentence goes on."""
    mark, title = re.fullmatch(r"\s*([.:\])—–-]*)\s*(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    letter = next((character for character in title if character.isalpha()), "")
    marks = set(":—–-.") if lower else set(":—–-")
    return None if letter.islower() and not set(mark) & marks else title.strip()


def with_titles(headings: list[Heading], lines: list[str]) -> list[Heading]:
    """Return `headings` with their titles, which may go on or begin on the lines after them, or stand above them."""
    ends = [heading.start for heading in headings[1:]] + [len(lines)]
    below = _words_with_titles_below(headings, ends, lines)
    titled = [
        _with_title(heading, lines, end, below=heading.word in below)
        for heading, end in zip(headings, ends, strict=False)
    ]
    return _with_titles_above(titled, lines)


def _words_with_titles_below(headings: list[Heading], ends: list[int], lines: list[str]) -> set[str]:
    """Return the words (CHAPTER, ...) of which nearly every one has a short paragraph below its number: a title."""
    are_titles: dict[str, list[bool]] = {}
    for heading, limit in zip(headings, ends, strict=False):
        if heading.kind == "chapter" and not heading.title:
            _, end, text = _block_below(lines, heading.end, limit)
            if text:
                are_titles.setdefault(heading.word, []).append(_may_be_title(text, lines[end:limit]))
    return {word for word, flags in are_titles.items() if sum(flags) >= max(_FEWEST_TITLES, _TITLED * len(flags))}


def _block_below(lines: list[str], start: int, limit: int) -> tuple[int, int, str]:
    """Return the first block from line `start` on, ahead of line `limit`: its first line, its end, its text."""
    while start < limit and not lines[start].strip():
        start += 1
    end = _block_end(lines, start, limit)
    return start, end, _one_line(" ".join(lines[start:end]))


def _may_be_title(text: str, rest: list[str]) -> bool:
    """Whether a paragraph that stands where other chapters have their titles is one, even if it is a sentence.

    `rest` are the lines of the chapter below it: a chapter is more than its title.
    """
    words = text.split()
    longest = _LONGEST_TITLE if words and words[0].casefold() in _TELLING else _LONGEST_TITLE_BELOW
    is_number = read_number(text.strip("[]().: ")) is not None
    return 0 < len(words) <= longest and text[0] not in _QUOTES and not is_number and any(map(str.strip, rest))


def _with_titles_above(headings: list[Heading], lines: list[str]) -> list[Heading]:
    """Return `headings` with the titles that stand above their numbers, where nearly all of one word have one there."""
    taken = {number for heading in headings for number in range(heading.start, heading.end)}
    ends = [heading.start for heading in headings[1:]] + [len(lines)]
    above: dict[str, list[tuple[Heading, tuple[int, str] | None]]] = {}
    for heading, end in zip(headings, ends, strict=False):
        # Entries of a table of contents have hardly a word below them.
        if heading.kind == "chapter" and len(" ".join(lines[heading.end : end]).split()) > _LONGEST_OWN_LINE:
            title = None if heading.title else title_above(lines, heading.start)
            # The title of a part hides whether there is one.
            if title is None or taken.isdisjoint(range(title[0], heading.start)):
                above.setdefault(heading.word, []).append((heading, title))
    moved = {
        heading: replace(heading, title=title[1], start=title[0])
        for pairs in above.values()
        if sum(title is not None for _, title in pairs) >= max(_FEWEST_TITLES, _TITLED * len(pairs))
        for heading, title in pairs
        if title is not None
    }
    return [moved.get(heading, heading) for heading in headings]


def _with_title(heading: Heading, lines: list[str], limit: int, *, below: bool) -> Heading:
    """Return `heading` with its title, which ends before line `limit`; `below`: it is the block below, as it stands."""
    if heading.kind == "contents":
        return heading
    block_end = _block_end(lines, heading.start, limit)
    if heading.title:
        whole = _one_line(" ".join([heading.title, *lines[heading.start + 1 : block_end]]))
        if len(whole.split()) <= _LONGEST_TITLE:
            return replace(heading, title=whole, end=block_end)
        # The text begins on the heading's own line; it stays there, with the heading.
        return replace(heading, title="", end=heading.start)
    _, end, title = _block_below(lines, heading.end, limit)
    if read_number(title.strip("[]().: ")) is not None:
        # The number of the chapter's first section.
        return heading
    if is_title(title) or (below and heading.kind == "chapter" and _may_be_title(title, lines[end:limit])):
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
        return text[0] not in _QUOTES
    longer = [word for word in words if sum(map(str.isalpha, word)) >= 4 and word not in _SMALL]
    return words[0][0].isupper() and all(word[0].isupper() for word in longer) and text[-1].isalnum()


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" _=*~")
