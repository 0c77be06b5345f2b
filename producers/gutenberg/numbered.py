"""Headings that are a plain number: "I.", "II. THE FALLING WALL", "3", "FOUR", with or without a title.

Numbers also stand over the sections of one story, over stanzas and in lists. So there are several ways to see the
numbers of a book, and `find_chapters` takes the first whose numbers count up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from producers.gutenberg.headings import Heading, find_untitled, read_heading, stands_below_title, with_titles
from producers.gutenberg.numerals import NUMBER, ORDINAL, read_number

# A number in words or Roman numerals may have ornaments; an Arabic one with them is the number of a page.
_BARE = re.compile(
    rf"(?P<label>[IVXLC]+|\d{{1,3}})[.:]?|[\[(—–*_=~§-]*\s*(?P<ornate>(?!\d){NUMBER})\s*[\])—–*_=~.:-]*", re.IGNORECASE
)
# A title in capitals needs no mark between it and the number.
_TITLED = re.compile(r"(?P<label>[IVXLC]+|\d{1,3})(?:\s*[.:)—–-]+\s*(?P<title>\S.*)|\s+(?P<capitals>[^a-z]{3,}))")
# Names of chapters that also stand for parts of one, so that they must count up.
_WORDS = "canto|scene|section|sketch|lecture|essay|tale|story|adventure|lesson|episode|fable|night|day|sermon"
_NAMED = re.compile(
    rf"(?P<label>(?P<word>{_WORDS})\s+(?:the\s+)?(?P<number>{NUMBER})|(?:the\s+)?(?P<ordinal>{ORDINAL})\s+(?P<after>{_WORDS}))"
    rf"(?:\s*[.:)—–-]+\s*(?P<title>(?-i:[^a-z\s]).*)?)?",
    re.IGNORECASE,
)
# A line with more words than this is a numbered paragraph.
_LONGEST_TITLE = 15
# So many lines has a heading with its title at most.
_MOST_LINES = 3


def find_numbers(lines: list[str]) -> list[Heading]:
    """Return the plain numbers in `lines` that begin a paragraph, or stand in a list of headings."""
    return _find(lines, _read)


def ways_to_number(lines: list[str], numbers: list[Heading]) -> Iterator[list[Heading]]:
    """Yield the parts of `lines` with their chapters, in several ways.

    Chapters are those that a word like CANTO names; all `numbers`; the Roman ones, the Arabic ones, or those in words;
    and of each the ones with a title, or without. For a paragraph "Two." may look like a chapter among Roman ones.
    """
    parts = [heading for heading in find_untitled(lines) if heading.kind != "chapter"]
    taken = {heading.start for heading in parts}
    # A named chapter may have numbers in it, a numbered one no names.
    for chapters in (*_by_style(_find(lines, _read_named)), numbers, *_by_style(numbers)):
        apart = [heading for heading in chapters if heading.start not in taken]
        bare = sorted([*parts, *apart], key=lambda heading: heading.start)
        together = with_titles(bare, lines)
        yield together
        yield [heading for heading in together if heading.kind != "chapter" or heading.title]
        pairs = zip(bare, together, strict=True)
        yield [heading for alone, heading in pairs if heading.kind != "chapter" or not alone.title]


def _by_style(headings: list[Heading]) -> list[list[Heading]]:
    """Return `headings` apart by their word, and by how the number is written."""
    styles: dict[tuple[str, bool, bool], list[Heading]] = {}
    for heading in headings:
        style = heading.word, heading.label.isdigit(), re.fullmatch("[IVXLC]+", heading.label) is not None
        styles.setdefault(style, []).append(heading)
    return list(styles.values())


def _find(lines: list[str], read: Callable[[list[str], int], Heading | None]) -> list[Heading]:
    headings = []
    in_list = False
    for index in range(len(lines)):
        begins_block = index == 0 or not lines[index - 1].strip()
        if (begins_block or in_list) and (heading := read(lines, index)):
            headings.append(heading)
            in_list = True
        elif stands_below_title(lines, index) and (heading := read(lines, index)):
            headings.append(heading)
        elif begins_block or in_list:
            in_list = read_heading(lines[index], index) is not None
    return headings


def _read_named(lines: list[str], index: int) -> Heading | None:
    match = _NAMED.fullmatch(lines[index].strip().strip("_=*~ "))
    number = read_number(match["number"] or match["ordinal"]) if match else None
    if match is None or number is None or not match["label"][0].isupper():
        return None
    word = (match["word"] or match["after"]).upper()
    return Heading("chapter", word, number, match["label"], match["title"] or "", index, index + 1)


def _read(lines: list[str], index: int) -> Heading | None:
    text = lines[index].strip().strip("_=*~ ")
    if not text or not (text[0].isupper() or text[0].isdigit() or not text[0].isalnum()):
        return None
    if match := _BARE.fullmatch(text):
        label = match["label"] or match["ornate"]
        number = read_number(label)
        return None if number is None else Heading("chapter", "", number, label, "", index, index + 1)
    if not (match := _TITLED.fullmatch(text)):
        return None
    title = match["title"] or match["capitals"]
    number = read_number(match["label"])
    end = next((n for n in range(index, min(index + _MOST_LINES, len(lines))) if not lines[n].strip()), None)
    is_short = len(title.split()) <= _LONGEST_TITLE and any(map(str.isalpha, title)) and not title[:1].islower()
    # Lines of a list follow each other; a heading's end after three at most.
    follows = index + 1 < len(lines) and _TITLED.fullmatch(lines[index + 1].strip())
    if number is None or not is_short or (end is None and index + _MOST_LINES < len(lines) and not follows):
        return None
    return Heading("chapter", "", number, match["label"], title, index, index + 1)
