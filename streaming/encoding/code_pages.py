"""Reads a file in a code page of before Unicode, when only one reading of it is a language.

Every file is some text in Latin-1, so decoding proves nothing. A reading counts when its letters belong to one language
and stand in words as letters do: one script in a word, no symbols inside, no capitals behind small letters. A file is
read when one reading counts, or is far more like its language than the others; short ones often leave several.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from charset_normalizer.cd import coherence_ratio

from streaming.encoding.alphabets import INSIDE_WORDS, LETTERS, SIGNS
from streaming.encoding.wide import are_in_use, is_ideograph, script

# Codec, and the name that people know. Pages may agree on a text: the first names it.
_LATIN = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1254": "Windows-1254",
    "cp1257": "Windows-1257",
    "iso8859_2": "ISO 8859-2",
    "iso8859_15": "ISO 8859-15",
    "mac_roman": "Mac Roman",
    "cp850": "DOS 850",
    "cp852": "DOS 852",
    "cp437": "DOS 437",
}
_OTHER_SCRIPTS = {
    "CYRILLIC": {
        "cp1251": "Windows-1251",
        "koi8_u": "KOI8",
        "cp866": "DOS 866",
        "iso8859_5": "ISO 8859-5",
        "mac_cyrillic": "Mac Cyrillic",
    },
    "GREEK": {"cp1253": "Windows-1253", "iso8859_7": "ISO 8859-7", "cp737": "DOS 737"},
    "HEBREW": {"cp1255": "Windows-1255", "cp862": "DOS 862"},
    "ARABIC": {"cp1256": "Windows-1256", "iso8859_6": "ISO 8859-6"},
    "THAI": {"cp874": "TIS-620"},
}
# What Korean bytes say in Chinese is common, too, and the other way round it is not; so is Japanese in Chinese.
_EAST_ASIAN = {
    "cp949": "EUC-KR",
    "cp932": "Shift JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5hkscs": "Big5",
}
# Shorter texts in Latin letters leave doubt: of pieces of 100 characters from German articles 7 in 190 were misread, of
# 300 none.
_SHORTEST = 200
# With no other reading at all: of 1,900 pieces of 80 to 190 characters, German and English in five pages, 2 were
# misread, and of 588 in eleven languages none.
_SHORTEST_ALONE = 100
_FEWEST_IDEOGRAPHS = 8
# Of 100 letters beside a to z, this many may be of another language: names.
_FOREIGN = 0.02
# Of all letters of a text in another script, so many are of this one: Latin ones are names and addresses.
_OWN_SCRIPT = 0.1
# Of 1,000 letters in words of another script than Latin.
_BROKEN = 0.002
# How far the likeliest reading is ahead of the next, and what it has at least: of the right readings of paragraphs in
# 20 languages, none was behind by more than 0.05, and none had less.
_AHEAD = 0.1
_LIKE = 0.3
# Of 100 letters in the lines of War and Peace that have names with accents 2 have one; of Hungarian ones 11.
_IN_NAMES = 0.035
# A language that is less like the text than another by more than this is not the text's.
_BEHIND = 0.2
_SAMPLE = 20_000
_EUROPEAN = re.compile(r"[a-z][^\x00-\x7f]")
# UTF-8 with a broken character somewhere: an accented letter or a dash, read byte by byte.
_UTF8_INSIDE = re.compile(rb"\xc3[\x80-\xbf]|\xe2[\x80-\x83]")


@dataclass(frozen=True)
class Reading:
    """A file as it reads in a code page.

    `likeness` is how much its letters are distributed as in a language, from 0 to 1. `odd` counts, beside a to
    z, letters that the language does not have, those that it has in names only, as English does, and signs. `codec` is
    Python's name of the page.
    """

    page: str
    text: str
    likeness: float
    odd: tuple[int, int, int]
    codec: str


def readings(raw: bytes) -> list[Reading]:
    """Return the readings of `raw` that may be a language, the likeliest first; equal texts once."""
    sample = _sample(raw)
    for codec, name in _EAST_ASIAN.items():
        text = _decode(raw, codec)
        if text is not None and _is_east_asian(sample.decode(codec, errors="ignore"), codec):
            return [Reading(name, text, likeness=1.0, odd=(0, 0, 0), codec=codec)]
    found: dict[str, Reading] = {}
    pages = [(codec, name, "LATIN") for codec, name in _LATIN.items()] if not _UTF8_INSIDE.search(raw) else []
    pages += [(codec, name, writing) for writing, names in _OTHER_SCRIPTS.items() for codec, name in names.items()]
    for codec, name, writing in pages:
        text = _decode(raw, codec)
        if text is None or text in found:
            continue
        if best := _judge(sample.decode(codec, errors="ignore"), writing):
            found[text] = Reading(name, text, *best, codec=codec)
    return sorted(found.values(), key=lambda reading: (-reading.likeness, reading.odd))


def certain(candidates: list[Reading]) -> Reading | None:
    """Return the reading among `candidates`, likeliest first, that leaves no doubt; None when there is none."""
    if not candidates:
        return None
    first, *others = candidates
    shortest = 0 if first.page not in _LATIN.values() else _SHORTEST if others else _SHORTEST_ALONE
    if first.likeness < _LIKE or len(first.text) < shortest:
        return None
    rivals = [other for other in others if other.likeness > first.likeness - _AHEAD]
    return None if any(rival.odd <= first.odd for rival in rivals) else first


def _sample(raw: bytes) -> bytes:
    """Return lines of `raw` that are not the same in every code page: the first ones, and one for each of its bytes."""
    lines: list[bytes] = []
    size = 0
    known: set[int] = set()
    for line in raw.splitlines(keepends=True):
        if not line.isascii() and (size < _SAMPLE or not known.issuperset(line)):
            lines.append(line[:_SAMPLE])
            size += len(line)
            known.update(line)
    return b"".join(lines)


def _decode(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _is_east_asian(text: str, codec: str) -> bool:
    """Whether `text` is Korean, Japanese or Chinese, as its codec says, in characters that are in use."""
    beyond_ascii = [character for character in text if not character.isascii()]
    if any(_is_no_character(character) or "\uff61" <= character <= "\uff9f" for character in beyond_ascii):
        return False
    letters = [c for c in beyond_ascii if c.isalpha() and not "\uff00" <= c <= "\uff60"]
    hangul = sum("\uac00" <= letter <= "\ud7a3" for letter in letters)
    # Japanese alone has the sign that repeats an ideograph.
    kana = sum("\u3040" <= letter <= "\u30ff" or letter == "\u3005" for letter in letters)
    ideographs = [letter for letter in letters if is_ideograph(letter)]
    own = len(ideographs) + kana
    # Two letters of which one is accented may be an ideograph: it stands in a word.
    if len(_EUROPEAN.findall(text)) > 0.3 * len(letters) or len(letters) < _OWN_SCRIPT * sum(map(str.isalpha, text)):
        return False
    if len(set(letters)) < _FEWEST_IDEOGRAPHS or own < (1 - _FOREIGN) * len(letters) or not are_in_use(ideographs):
        return False
    if codec == "cp949":
        return hangul >= 0.9 * len(letters)
    if codec in ("cp932", "euc_jp"):
        return kana >= 0.1 * len(letters) and not hangul
    return kana + hangul <= 0.05 * len(letters)


def _judge(text: str, writing: str) -> tuple[float, tuple[int, int, int]] | None:
    """Return likeness and odd letters of `text` in the likeliest language of the script `writing`; None: in none."""
    beyond_ascii = [character for character in text if not character.isascii()]
    broken = _FOREIGN if writing == "LATIN" else _BROKEN
    if any(map(_is_no_character, beyond_ascii)) or _broken_words(text) > broken * len(beyond_ascii):
        return None
    letters = [character for character in beyond_ascii if _is_letter(character)]
    signs = len(beyond_ascii) - len(letters)
    if sum(not _is_letter(c) and c not in SIGNS for c in beyond_ascii) > _FOREIGN * len(beyond_ascii):
        return None
    likeness = dict(coherence_ratio(text, 0.0))
    # English has letters of its own only; charset-normalizer knows it by these.
    likeness["English"] = dict(coherence_ratio(text.encode("ascii", "ignore").decode(), 0.0)).get("English", 0.0)
    if writing != "LATIN":
        foreign = sum(script(letter) != writing for letter in letters)
        enough = len(letters) > _OWN_SCRIPT * sum(map(str.isalpha, text)) and foreign <= _FOREIGN * len(letters)
        return (max(likeness.values(), default=0.0), (foreign, 0, signs)) if enough else None
    in_names = len(letters) <= _IN_NAMES * sum(map(_is_letter, text))
    verdicts = [
        (likeness.get(language, 0.0), (foreign, len(letters) if language == "English" else 0, signs))
        for language, alphabet in LETTERS.items()
        if (foreign := sum(letter not in alphabet for letter in letters)) <= _FOREIGN * len(letters)
        and likeness.get(language, 0.0) >= max(likeness.values()) - _BEHIND
        and (language != "English" or in_names)
    ]
    return min(verdicts, key=lambda verdict: (-verdict[0], verdict[1]), default=None)


def _broken_words(text: str) -> int:
    """Return how often in `text` a word has two scripts, a symbol inside, or a capital behind a small letter.

    Only at characters beyond ASCII: the rest is the same in every code page.
    """
    broken = 0
    for before, character, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if character.isascii():
            continue
        if not _is_letter(character):
            broken += _is_letter(before) and _is_letter(after) and character not in INSIDE_WORDS
            continue
        broken += before.islower() and character.isupper()
        broken += character.islower() and after.isupper()
        neighbours = [neighbour for neighbour in (before, after) if neighbour.isalpha() and neighbour.isascii()]
        broken += bool(neighbours) and script(character) != "LATIN"
    return broken


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _is_no_character(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cn", "Co")
