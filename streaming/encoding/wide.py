"""Reads UTF-16 and UTF-32 without a byte order mark, in either byte order, when a language is in it.

Half of all pairs of bytes are a character of UTF-16, so decoding proves nothing. What proves it is what the characters
are: letters of one script (and Latin ones), and, where they are Chinese, Japanese or Korean, those in common use.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

# As many characters as tell, and cost nothing in a book.
_SAMPLE = 4_000
_EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH"}
# Of the Chinese articles and minutes of the evaluation 99% of the ideographs are in common use; of pairs of English
# letters, which are ideographs in UTF-16, 25%, and of random pairs 11%.
_COMMON = 0.85
# Fewer letters than these may be chance: of 1,000 random threes 6 are common ideographs in one of the byte orders.
_FEWEST = 4
_FEWEST_IDEOGRAPHS = 3
# Letters of the text's own script and Latin ones; the rest are quotations and symbols.
_OWN_SCRIPT = 0.9
# Of all text in our data less than 1 character in 100 is a symbol that is not among the common ones.
_SYMBOLS = 0.1
# Bullets of a font of their own, and emoji of next year; of random pairs 15 in 100 are unknown.
_UNKNOWN = 0.02
_BLANKS = "\t\n\v\f\r\x1b"
# ASCII, Latin-1, marks and signs, East Asian marks and forms, emoji with their joiners.
_COMMON_SYMBOL = re.compile(
    "[\x00-\xff\u2000-\u206f\u20a0-\u20bf\u2100-\u23ff\u2500-\u27bf\u3000-\u303f\ufe00-\ufe0f\uff00-\uffef]"
    "|[\U0001f000-\U0001faff]"
)
# From so many letters on a text may have two scripts beside Latin: a dictionary.
_DICTIONARY = 20


def decode_wide(raw: bytes) -> str | None:
    """Return the text of `raw` in UTF-32 or UTF-16; None when it is not certain."""
    for width, encodings in ((4, ("utf-32-le", "utf-32-be")), (2, ("utf-16-le", "utf-16-be"))):
        # One character is a number as well.
        if len(raw) % width or len(raw) < 2 * width:
            continue
        texts = [text for encoding in encodings if (text := _decode(raw, encoding)) is not None]
        # Two common ideographs may be two others with their bytes exchanged; blanks and digits may not.
        texts.sort(key=_ascii_share, reverse=True)
        if len(texts) == 1 or (texts and _ascii_share(texts[0]) > _ascii_share(texts[1])):
            return texts[0]
    return None


def _decode(raw: bytes, encoding: str) -> str | None:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if is_language(text, proved=encoding.startswith("utf-32")) else None


def _ascii_share(text: str) -> float:
    sample = text[:_SAMPLE]
    return sum(map(str.isascii, sample)) / len(sample)


def is_language(text: str, *, proved: bool) -> bool:
    """Whether `text` may be a language; `proved`: decoding alone says so, as of 4 random bytes 1 in 3,855 is UTF-32."""
    text = text[:_SAMPLE]
    categories = list(zip(text, map(unicodedata.category, text), strict=True))
    unknown = sum(category in ("Cn", "Co") or (category == "Cc" and c not in _BLANKS) for c, category in categories)
    if unknown > _UNKNOWN * len(text):
        return False
    if proved:
        return True
    letters = [c for c, category in categories if category[0] in "LM"]
    scripts = Counter(map(script, letters))
    symbols = [c for c, category in categories if category[0] in "SNPZ" and not _COMMON_SYMBOL.match(c)]
    # A script's own signs are no symbols: Tibetan has one behind each syllable.
    if sum(script(symbol) not in scripts for symbol in symbols) > _SYMBOLS * len(text):
        return False
    has_ascii = any(map(str.isascii, text))
    # Few letters prove something when they are neighbours in Unicode.
    rows = {ord(letter) >> 8 for letter in letters if not is_ideograph(letter)}
    if len(text) < _FEWEST and not has_ascii and len(rows) > 1:
        return False
    latin = scripts.pop("LATIN", 0)
    own = sum(number for _, number in scripts.most_common(1 if len(letters) < _DICTIONARY else 2))
    if own + latin < _OWN_SCRIPT * len(letters):
        return False
    ideographs = [letter for letter in letters if is_ideograph(letter)]
    # One beside a mark or an accented letter proves as little as one alone.
    if ideographs and (len(text) if has_ascii else len(ideographs)) < _FEWEST_IDEOGRAPHS:
        return False
    return are_in_use(ideographs)


def are_in_use(ideographs: list[str]) -> bool:
    """Whether nearly all of `ideographs` (and Korean syllables) are in common use; true when there are none."""
    return sum(ideograph in _common_ideographs() for ideograph in ideographs) >= _COMMON * len(ideographs)


def script(letter: str) -> str:
    """Return the script of `letter`: the first word of its name in Unicode."""
    name = unicodedata.name(letter, "?").split()[0]
    if name in _EAST_ASIAN:
        return "CJK"
    # A combining accent belongs to every script.
    return "LATIN" if name == "COMBINING" else name


def is_ideograph(letter: str) -> bool:
    """Whether `letter` is a Chinese character or a Korean syllable."""
    return "\u3400" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7a3" or letter >= "\U00020000"


@cache
def _common_ideographs() -> frozenset[str]:
    """Return the ideographs and syllables in common use: the first levels of the national standards.

    GB 2312 (3,755 simplified ones), JIS X 0208 (2,965), Big5 (5,401 traditional ones), KS X 1001 (2,350 syllables).
    """
    trails = range(0xA1, 0xFF)
    levels = (
        ("gb2312", range(0xB0, 0xD8), trails),
        ("euc_jp", range(0xB0, 0xD0), trails),
        ("big5", range(0xA4, 0xC7), range(0x40, 0xFF)),
        ("euc_kr", range(0xB0, 0xC9), trails),
    )
    return frozenset(
        "".join(
            bytes([lead, trail]).decode(encoding, errors="ignore")
            for encoding, leads, seconds in levels
            for lead in leads
            for trail in seconds
        )
    )
