"""Sentences: where they end, in any script, and how a text is cut after its last whole one.

The segmenter is sentencex; it knows abbreviations of many languages and falls back to English rules for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import regex
from sentencex import get_sentence_boundaries

# A full stop of any script, and closing marks, emphasis or a note's number after it. Unicode does not list Tibet's shad
# as a terminator, and Greek has a semicolon for a question mark.
_TERMINATED = regex.compile(
    r"(?:[\p{Sentence_Terminal}…།༎]|(?<=\p{Greek});)(?:\s?[\"'“”‘’«»‹›)\]」』）】*_]|\[\d{1,3}\])*\s*$"
)
# A mark that opens the next sentence. The segmenter leaves it at the end of the sentence before when no mark closes it,
# as in a text that was cut: 3 of 100 summaries (measurements.md, opening marks). German closes with the same mark, but
# without a space before it.
_OPENING = re.compile(r"\s([\"'“‘„‚«‹(\[「『（【*_]+\s*)$")
# Thai and Lao have no full stop. A space ends a sentence or a clause and does not separate words, but it also stands
# around numbers, foreign words and the sign of repetition.
_UNSTOPPED = r"[\u0e00-\u0eff]"
_LETTER = r"[\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4e\u0e80-\u0ec5\u0ec8-\u0ecd]"
_UNSTOPPED_END = re.compile(rf"{_UNSTOPPED}(?:\s*[\w%][\w%.,]{{0,30}})?[\"'”’)\]]*\s*$")
# Ends of sentences that the segmenter does not find: in Thai and Lao, and at the stops of Tibetan and Khmer.
_SPACE_AFTER = re.compile(rf"(?:(?<={_LETTER})(?=\s+{_LETTER})|(?<=[།༎។៕]))[ \t\r\n]+(?![།༎])|(?<=[།༎] [།༎])")
# Abbreviations that the segmenter takes for the end of a sentence, before a number or a small letter.
_ABBREVIATED = re.compile(
    r"\b(?:approx|est|ca|c|nos?|figs?|vs|incl|excl|resp|min|max|tel|ext|dept|vol|pp?|bzw|evtl|inkl|zzgl|nr|abb)\.\s+$",
    re.IGNORECASE,
)
# Titles before a name that the segmenter does not know.
_TITLE = re.compile(r"\b(?:Cllr|Revd|Insp|Supt|Messrs|Hon|Cdr|Mme|Mlle)\.\s+$")
CJK = re.compile(r"[\u3001\u3002\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff0c]")
# The scripts that put no space between words. Korean does.
_UNSPACED = r"[\u3001\u3002\u3040-\u30ff\u3400-\u9fff\uff0c]"
# An item of a list, after its dash or its number. A single item may be a date.
_FEWEST_ITEMS = 2
_ITEM = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])\s+(\S.*)")
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n\s*")
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")
DEFAULT_LANGUAGE = "en"
# Characters of a word, at most, on average, in a script with spaces.
LONGEST_WORD = 12
_LONGEST_OPENING = 8
# The segmenter's time grows with the square of the length (0.1 s for 100,000 characters, 1.7 s for 400,000), so it
# gets one window at a time.
_WINDOW = 20_000


def split_sentences(text: str, language: str = DEFAULT_LANGUAGE) -> Iterator[str]:
    """Cut `text` at its sentence ends, lazily; the joined parts are exactly `text` again.

    The end of a paragraph, such as a heading, also ends a sentence. In Thai and Lao a space does. A sentence of more
    than 20,000 characters may be cut where the segmenter's window ends.
    """
    start = 0
    while start < len(text):
        window = text[start : start + _WINDOW]
        # The segmenter leaves some line ends out of every sentence, so each part runs to the start of the next.
        # It fails on a space of several bytes after an initial, so it sees every space as an ordinary one.
        plain = _WIDE_SPACE.sub(" ", window)
        starts = {int(sentence["start_index"]) for sentence in get_sentence_boundaries(language, plain)}
        for blank in _BLANK_LINE.finditer(plain):
            starts.difference_update(range(blank.start(), blank.end()))
            starts.add(blank.end())
        starts = {start for start in starts if not _is_abbreviated(plain, start)}
        starts.update(space.end() for space in _SPACE_AFTER.finditer(plain))
        # Opening marks are a few characters long, so the search need not go further back.
        marks = {cut: _OPENING.search(plain, max(0, cut - _LONGEST_OPENING), cut) for cut in starts}
        cuts = sorted({0, *(mark.start(1) if mark else cut for cut, mark in marks.items()), len(window)})
        # The last sentence of a window may continue after it, so the next window begins with it.
        if start + len(window) < len(text) and len(cuts) > 2:
            cuts.pop()
        yield from (window[a:b] for a, b in pairwise(cuts))
        start += cuts[-1]


def _is_abbreviated(text: str, cut: int) -> bool:
    """Tell whether an abbreviation stands before a cut: a title, or one before what cannot begin a sentence."""
    following, start = text[cut : cut + 1], max(0, cut - _LONGEST_OPENING - LONGEST_WORD)
    return bool(_TITLE.search(text, start, cut)) or (
        (following.islower() or following.isdigit()) and bool(_ABBREVIATED.search(text, start, cut))
    )


def ends_with_sentence(text: str) -> bool:
    """Tell whether `text` ends where a sentence ends, as far as its script shows that."""
    return (_TERMINATED.search(text) or _UNSTOPPED_END.search(text)) is not None


def prose(text: str, *, complete: bool = False) -> str:
    """Return `text` as one paragraph, without emphasis, headings and salutations that a model copied from its source.

    A paragraph that does not end with a sentence is left out when another follows. The items of a list become
    sentences; the last item only in a `complete` text, because otherwise it may have been cut. Line ends become
    spaces, or nothing between two Chinese or Japanese characters.
    """
    plain = _end_items(text.strip(), complete=complete).replace("**", "")
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", plain)]
    whole = [part for part in paragraphs[:-1] if ends_with_sentence(part)] + paragraphs[-1:]
    lines = " ".join(re.sub(r"(?m)^#+(?:[ \t].*)?$", "", part) for part in whole)
    return join_lines(lines)


def _end_items(text: str, *, complete: bool) -> str:
    """Make each item of a list a paragraph that ends with a full stop."""
    lines = text.splitlines()
    items = [_ITEM.match(line) for line in lines]
    if sum(item is not None for item in items) < _FEWEST_ITEMS:
        return text
    for index, item in enumerate(items):
        if item is not None:
            content = item[1].rstrip()
            # An item may continue in the next line, and the last item may have been cut.
            last = index + 1 == len(lines)
            ends = complete if last else items[index + 1] is not None or not lines[index + 1].strip()
            lines[index] = f"\n{with_stop(content) if ends and not ends_with_sentence(content) else content}"
    return "\n".join(lines)


def join_lines(text: str) -> str:
    """Return `text` in one line; a line end between two Chinese or Japanese characters becomes nothing."""
    return re.sub(rf"(?<={_UNSPACED})\s+(?={_UNSPACED})", "", " ".join(text.split()))


def whole_sentences(text: str, *, complete: bool, language: str = DEFAULT_LANGUAGE) -> str:
    """Return `text` up to its last whole sentence; "" when it holds none.

    A `complete` text was ended by its author, not cut. When it is one sentence that lacks only its full stop, it gets
    one.
    """
    text = _OPENING.sub("", text.strip()).rstrip()
    sentences = list(split_sentences(text if complete else f"{text} X", language))
    if not complete and sentences:
        sentences[-1] = sentences[-1].removesuffix("X").rstrip()
        # In "Dr. X" the segmenter finds no sentence end.
        if sentences[-1]:
            sentences.pop()
    while sentences and not ends_with_sentence(sentences[-1]):
        sentences.pop()
    if sentences:
        return "".join(sentences).rstrip()
    if complete and any(character.isalnum() for character in text):
        return with_stop(text)
    return ""


def with_stop(text: str) -> str:
    """Return `text` with the full stop of its script."""
    return text + ("。" if CJK.search(text[-1]) else ".")


def length(text: str) -> float:
    """Return the length in words; a text without spaces has as many words as its characters allow."""
    return max(word_count(text), len(text) / LONGEST_WORD)


def word_count(text: str) -> float:
    """Return the length of `text` in words; a character of Chinese, Japanese or Korean counts as half a word."""
    wide = len(CJK.findall(text))
    return len(CJK.sub(" ", text).split()) + wide / 2
