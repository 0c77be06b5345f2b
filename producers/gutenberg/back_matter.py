"""What stands behind a book's last chapter: an appendix, which is read; notes, an index and the like, which are not.

    CHAPTER XII                           a chapter
    APPENDIX A. THE WAGES OF MILLERS      a chapter of its own
    NOTES                                 left out, with all below it
    INDEX OF NAMES                        left out

Notes at the end of each chapter belong to it, and so does a heading behind which the chapters count on.
"""

from __future__ import annotations

import re
from statistics import fmean

from producers.gutenberg.headings import Heading, is_title
from producers.gutenberg.numerals import NUMBER

APPENDIX = "APPENDIX"
_APPENDIX = re.compile(
    rf"(?P<label>appendi(?:x|ces)(?:\s+(?:{NUMBER}|[A-Z](?!\w)))?)(?:\s*[.:)—–-]+\s*(?P<title>\S.*)?)?", re.IGNORECASE
)
_LEFT_OUT = re.compile(
    r"(?:(?:foot|end)?notes?|(?:general |subject )?index(?:es)?|glossary|vocabulary|bibliography|errata|corrigenda|"
    r"addenda|(?:list of )?(?:illustrations|authorities|works cited|abbreviations)|acknowledge?ments|"
    r"(?:publisher[’']?s[’']? )?advertisements?|(?:transcriber|editor|publisher|printer|author)[’']?s[’']? notes?)"
    r"(?: (?:to|on|of|for|by|and) .{1,60})?[.:]?",
    re.IGNORECASE,
)
# Sub-headings of notes ("CHAPTER I") have less text than this share of what the chapters have.
_SUBHEADING = 0.5


def find_back_matter(lines: list[str], headings: list[Heading]) -> list[Heading]:
    """Return the headings behind the last chapter of `headings`, which are those of the text; empty: there are none.

    The word of an appendix is `APPENDIX`, the word of what is left out its label in capitals.
    """
    numbered = [heading for heading in headings if heading.kind in ("chapter", "part")]
    chapters = [heading for heading in numbered if heading.kind == "chapter"]
    if len(chapters) < 2:
        return []
    ends = [heading.start for heading in numbered[1:]] + [len(lines)]
    words = {h: len(" ".join(lines[h.end : end]).split()) for h, end in zip(numbered, ends, strict=True)}
    taken = {number for heading in headings for number in range(heading.start, heading.end)}
    candidates = [
        heading
        for number in range(chapters[0].end, len(lines))
        if number not in taken and (heading := _read(lines, number)) is not None
    ]
    for index, candidate in enumerate(candidates):
        before = [heading for heading in numbered if heading.start < candidate.start]
        # A numbered list of notes has hardly a word below its numbers.
        after = [heading for heading in numbered if heading.start > candidate.start and words[heading]]
        if sum(heading.kind == "chapter" for heading in before) < 2:
            continue
        is_repeated = any(other.word == candidate.word != APPENDIX for other in candidates[:index])
        counts_on = not {heading.key for heading in after} <= {heading.key for heading in before}
        is_long = bool(after) and _mean(after, words) > _SUBHEADING * _mean(before, words)
        if not (is_repeated or counts_on or is_long):
            return candidates[index:]
    return []


def _mean(headings: list[Heading], words: dict[Heading, int]) -> float:
    return fmean(words[heading] for heading in headings)


def _read(lines: list[str], index: int) -> Heading | None:
    """Return the heading that is the whole block of line `index`, or, of an appendix, its first line."""
    text = lines[index].strip().strip("_=*~[] ")
    if not text[:1].isupper() or (index and lines[index - 1].strip()):
        return None
    end = next((number for number in range(index, len(lines)) if not lines[number].strip()), len(lines))
    below = " ".join(" ".join(lines[index + 1 : end]).split())
    if (match := _APPENDIX.fullmatch(text)) and (not below or is_title(below)):
        title = " ".join(filter(None, (match["title"], below)))
        return Heading("named", APPENDIX, None, match["label"], title, index, end)
    if _LEFT_OUT.fullmatch(text) and not below:
        return Heading("named", text.rstrip(".:").upper(), None, text.rstrip(".:"), "", index, end)
    return None
