"""Sentences: where they end, in any script, and how a text is cut so that it ends with one.

The segmenter is sentencex; it knows abbreviations of many languages and falls back to English rules for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import regex
from sentencex import get_sentence_boundaries

# A full stop of some script, with what may close after it: marks, emphasis, a note's number. Unicode has no such
# property for Tibet's shad, and Greek asks with a semicolon.
_TERMINATED = regex.compile(
    r"(?:[\p{Sentence_Terminal}…།༎]|(?<=\p{Greek});)(?:\s?[\"'“”‘’«»‹›)\]」』）】*_]|\[\d{1,3}\])*\s*$"
)
# What opens the next sentence: the segmenter leaves it with the one before where nothing closes it, as in a text that
# was cut, and 3 of 100 summaries of chapters with dialogue ended so. A German text closes with the same mark, but no
# space before it.
_OPENED = re.compile(r"\s([\"'“‘„‚«‹(\[「『（【*_]+\s*)$")
# Thai and Lao have no full stop: a space ends a sentence, or a clause, and stands between no two words; but around
# numbers, foreign words and the sign of repetition.
_UNSTOPPED = r"[\u0e00-\u0eff]"
_LETTER = r"[\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4e\u0e80-\u0ec5\u0ec8-\u0ecd]"
_UNSTOPPED_END = re.compile(rf"{_UNSTOPPED}(?:\s*[\w%][\w%.,]{{0,30}})?[\"'”’)\]]*\s*$")
# Where a sentence ends that the segmenter does not find: in these two, and at the stops of Tibetan and Khmer.
_SPACE_AFTER = re.compile(rf"(?:(?<={_LETTER})(?=\s+{_LETTER})|(?<=[།༎។៕]))[ \t\r\n]+(?![།༎])|(?<=[།༎] [།༎])")
CJK = re.compile(r"[\u3001\u3002\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff0c]")
# The scripts that put no space between words; Korean does.
_UNSPACED = r"[\u3001\u3002\u3040-\u30ff\u3400-\u9fff\uff0c]"
# An item of a list, behind its dash or its number; a single one may be a date.
_FEWEST_ITEMS = 2
_ITEM = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])\s+(\S.*)")
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n\s*")
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")
DEFAULT_LANGUAGE = "en"
# Characters of a word, at most, on average: more are no words of a script with spaces.
LONGEST_WORD = 12
_LONGEST_OPENED = 8
# The segmenter's time grows with the square of its text (0.1 s for 100,000 characters, 1.7 s for 400,000), so it gets a
# window at a time.
_WINDOW = 20_000


def split_sentences(text: str, language: str = DEFAULT_LANGUAGE) -> Iterator[str]:
    """Cut `text` at its sentence ends, lazily; the parts joined are `text` again, to the character.

    The end of a paragraph ends its last sentence, a heading for one; in Thai and Lao, a space does. A sentence of more
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
        starts.update(space.end() for space in _SPACE_AFTER.finditer(plain))
        # An opening mark is a few characters: no need to look further back, at every start of a long text.
        opened = {cut: _OPENED.search(plain, max(0, cut - _LONGEST_OPENED), cut) for cut in starts}
        cuts = sorted({0, *(found.start(1) if found else cut for cut, found in opened.items()), len(window)})
        # The last sentence of a window may go on behind it; it opens the next window, unless it is all there is.
        if start + len(window) < len(text) and len(cuts) > 2:
            cuts.pop()
        yield from (window[a:b] for a, b in pairwise(cuts))
        start += cuts[-1]


def ends_with_sentence(text: str) -> bool:
    """Tell whether `text` ends where a sentence ends, as far as its script tells."""
    return (_TERMINATED.search(text) or _UNSTOPPED_END.search(text)) is not None


def prose(text: str, *, finished: bool = False) -> str:
    """Return `text` as one paragraph, without emphasis, headings and salutations that a model copies from its source.

    A paragraph is left out when it does not end as a sentence does and another follows, unless it is a list: each item
    becomes a sentence; the last one only of a `finished` text, because it may have been cut. Line ends become spaces;
    between two Chinese, Japanese or Korean characters, nothing.
    """
    plain = _listed(text.strip(), finished=finished).replace("**", "")
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", plain)]
    kept = [part for part in paragraphs[:-1] if ends_with_sentence(part)] + paragraphs[-1:]
    lines = " ".join(re.sub(r"(?m)^#+(?:[ \t].*)?$", "", part) for part in kept)
    return join_lines(lines)


def _listed(text: str, *, finished: bool) -> str:
    """Return `text` with the items of its lists as paragraphs that end."""
    lines = text.splitlines()
    items = [_ITEM.match(line) for line in lines]
    if sum(item is not None for item in items) < _FEWEST_ITEMS:
        return text
    for place, item in enumerate(items):
        if item is not None:
            said = item[1].rstrip()
            # An item may go on in the next line, and the last one may have been cut.
            last = place + 1 == len(lines)
            over = finished if last else items[place + 1] is not None or not lines[place + 1].strip()
            lines[place] = f"\n{_stopped(said) if over and not ends_with_sentence(said) else said}"
    return "\n".join(lines)


def join_lines(text: str) -> str:
    """Return `text` in one line; between two Chinese or Japanese characters a line end becomes nothing."""
    return re.sub(rf"(?<={_UNSPACED})\s+(?={_UNSPACED})", "", " ".join(text.split()))


def whole_sentences(text: str, *, finished: bool, language: str = DEFAULT_LANGUAGE) -> str:
    """Return `text` up to its last whole sentence; "" when it holds none.

    `finished` says that the author ended the text where it ends; then a last sentence that lacks only its full stop is
    kept when it is all there is, and given one.
    """
    text = _OPENED.sub("", text.strip()).rstrip()
    sentences = list(split_sentences(text if finished else f"{text} X", language))
    if not finished and sentences:
        sentences[-1] = sentences[-1].removesuffix("X").rstrip()
        # "Dr. X": the segmenter says that no sentence ends here.
        if sentences[-1]:
            sentences.pop()
    while sentences and not ends_with_sentence(sentences[-1]):
        sentences.pop()
    if sentences:
        return "".join(sentences).rstrip()
    if finished and any(c.isalnum() for c in text):
        return _stopped(text)
    return ""


def _stopped(text: str) -> str:
    """Return `text` with the full stop of its script."""
    return text + ("。" if CJK.search(text[-1]) else ".")


def length(text: str) -> float:
    """Return the length in words, where a text without spaces has as many as its characters allow."""
    return max(word_count(text), len(text) / LONGEST_WORD)


def word_count(text: str) -> float:
    """Return the length of `text` in words; a character of Chinese, Japanese or Korean counts as half a word."""
    wide = len(CJK.findall(text))
    return len(CJK.sub(" ", text).split()) + wide / 2
