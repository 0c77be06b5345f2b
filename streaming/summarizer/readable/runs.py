"""Runs: what stands between two spaces, and whether it is a word, a number, a piece of code, or no language at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import regex

from streaming.summarizer.readable.kinds import SHORTEST_ENCODED, SHORTEST_HEX, SHORTEST_RUN, Kind

# Scripts without spaces between words, with their punctuation: a run of them may be a whole paragraph.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}\p{Tibetan}\p{Javanese}\p{Balinese}" + (
    r"\u3000-\u303f\uff00-\uffef"
)
_RUN = regex.compile(r"\S+")
# Commas and bars separate the cells of a table as spaces do, dashes two words, and brackets tags from words.
_PIECE = regex.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED},;|<>—–…]+")
_UNSPACED_START = regex.compile(rf"[{_UNSPACED}]")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*+(?:['’.&·-]\p{L}[\p{L}\p{M}]*+)*+")
_NUMBER = regex.compile(r"[+-]?[\p{Sc}]?\p{Nd}[\p{Nd}.,:'’/%°×xeE^+-]*+[\p{Sc}%]?")
# Names of files and fields, addresses, short marks such as "A4" and "CO2": parts of a sentence, and no words.
_NAME = regex.compile(r"[\w./\\~:@+#'’-]+")
_HEX = regex.compile(r"(?:0x)?[0-9a-fA-F]+(?:[:-][0-9a-fA-F]+)*")
_BASE64 = regex.compile(r"[\w+/=.-]+", regex.ASCII)
# Letters of scripts that separate words by spaces, digits and marks of ASCII.
_SPACED = regex.compile(r"[!-~\p{Latin}\p{Greek}\p{Cyrillic}]")
_MARKS = ".,:;!?()[]{}\"'“”„«»‘’‚‹›*_`<>=-"
_ADDRESS, _LONGEST_ADDRESS = ("://", "www.", "mailto:"), 1000
_LONGEST_PLAIN_WORD = 40
# In base64 two neighbours are of another class (small, capital, digit) two times of three, in names one of five.
_MIXED, _MIXED_WITH_DIGITS, _FEWEST_DIGITS = 0.3, 0.2, 3
# Base64 has two marks among 64 characters; in names they separate words.
_MOST_MARKS = 0.125
# A line without spaces of which so little is words and numbers is Ascii85, or the like.
_LEAST_NAMED, _SHORTEST_NAMED = 0.25, 3
_VOWELS = frozenset("aeiouyäöüáéíóúàèâêîôûåæøãõаеёиоуыэюяіїαεηιουω")
_FEWEST_LETTERS, _LEAST_VOWELS = 8, 0.2


@dataclass(frozen=True)
class Piece:
    """A piece of a line: its characters `start` to `end`, and what it is.

    A piece of language has no `kind`. `sure` says that it is no language wherever it stands; others count with
    their line. `letters` are those of words.
    """

    start: int
    end: int
    kind: Kind | None = None
    sure: bool = False
    letters: int = 0


def pieces(line: str) -> Iterator[Piece]:
    """Yield the pieces of a line in its order, without spaces; takes time in proportion to its length."""
    for run in _RUN.finditer(line):
        text, start = run[0], run.start()
        if any(mark in text for mark in _ADDRESS):
            long = len(text) > _LONGEST_ADDRESS
            yield Piece(start, run.end(), "run" if long else None, sure=long)
            continue
        for piece in _PIECE.finditer(text):
            yield _piece(piece[0], start + piece.start(), start + piece.end())


def _piece(text: str, start: int, end: int) -> Piece:
    if _UNSPACED_START.match(text):
        return Piece(start, end, letters=len(text))
    core = text.strip(_MARKS)
    if not core:
        return Piece(start, end)
    if _WORD.fullmatch(core) and (len(core) <= _LONGEST_PLAIN_WORD or _is_long_word(core)):
        return Piece(start, end, letters=len(core))
    if len(core) >= SHORTEST_HEX and _is_hex(core):
        return Piece(start, end, "hex", sure=True)
    if _NUMBER.fullmatch(core):
        return Piece(start, end, "numbers")
    if len(core) >= SHORTEST_ENCODED and _is_encoded(core):
        return Piece(start, end, "encoded", sure=True)
    if 2 * len(_SPACED.findall(core)) <= len(core):
        # Emoji, and the scripts that are not named here.
        return Piece(start, end)
    if len(core) >= SHORTEST_RUN and not _is_name(core):
        return Piece(start, end, "run", sure=True)
    if _NAME.fullmatch(core):
        return Piece(start, end)
    return Piece(start, end, "code")


def is_jumble(run: str) -> bool:
    """Tell whether hardly anything of a run is a word or a number."""
    parts = [part for part in regex.split(r"[\W_]+", run) if len(part) >= _SHORTEST_NAMED and _is_plain(part)]
    return sum(map(len, parts)) < _LEAST_NAMED * len(run) and 2 * len(_SPACED.findall(run)) > len(run)


def _is_hex(core: str) -> bool:
    """Tell whether a run is a number of many hexadecimal digits, also with colons or hyphens: a hash, an identifier."""
    if not _HEX.fullmatch(core):
        return False
    digits = sum(character.isdigit() for character in core)
    return digits >= _FEWEST_DIGITS and sum(map(str.isalnum, core)) >= SHORTEST_HEX


def _is_encoded(core: str) -> bool:
    """Tell whether small letters, capitals and digits alternate as in base64, and in no name."""
    if not _BASE64.fullmatch(core) or _is_name(core):
        return False
    classes = [_class(character) for character in core]
    if classes.count(3) > _MOST_MARKS * len(core):
        return False
    mixed = sum(a != b for a, b in pairwise(classes)) / len(core)
    return mixed >= _MIXED or (mixed >= _MIXED_WITH_DIGITS and classes.count(2) >= _FEWEST_DIGITS)


def _class(character: str) -> int:
    return 0 if character.islower() else 1 if character.isupper() else 2 if character.isdigit() else 3


def _is_name(core: str) -> bool:
    """Tell whether a run is made of words and short numbers, as a path or the name of a file is."""
    parts = regex.split(r"[\W_]+", core)
    named = sum(len(part) for part in parts if _is_plain(part))
    return len(parts) > 2 and 5 * named >= 4 * sum(map(len, parts))


def _is_plain(part: str) -> bool:
    if part.isdigit():
        return len(part) <= 8
    return part.isalpha() and len(part) <= _LONGEST_PLAIN_WORD and (part[1:].islower() or part.isupper())


def _is_long_word(core: str) -> bool:
    """Tell whether a run of letters is a word of a language that makes long ones, not a sequence or a code."""
    if len(core) >= SHORTEST_RUN and _SPACED.match(core):
        return False
    letters = core.casefold()
    if not _SPACED.match(core):
        return True
    vowels = sum(letter in _VOWELS for letter in letters)
    changes = sum(a.islower() and b.isupper() for a, b in pairwise(core))
    return (
        len(set(letters)) >= _FEWEST_LETTERS
        and _LEAST_VOWELS <= vowels / len(letters) <= 1 - _LEAST_VOWELS
        and changes <= len(core) / 5
    )
