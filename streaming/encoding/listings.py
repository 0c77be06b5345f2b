"""Names lists of character codes: a text that is written as the numbers of its characters, and nothing else.

Tables of measurements are numbers, too. So a list is one only when its codes spell words: small letters for the most
part, with blanks as often as a language has them.
"""

from __future__ import annotations

import re

from streaming.encoding.wide import are_in_use, is_ideograph

_SEPARATOR = re.compile(r"[\s,;]+")
# What stands before each number in source code, or around it, and leaves no doubt that it is a code.
_MARKED = {
    r"(?:\\x[0-9A-Fa-f]{2})+": (r"\\x(..)", 16),
    r"(?:\\[0-3][0-7]{2})+": (r"\\(...)", 8),
    r"(?:\\u[0-9A-Fa-f]{4})+": (r"\\u(....)", 16),
    r"(?:%u[0-9A-Fa-f]{4})+": (r"%u(....)", 16),
    r"(?:&#\d{2,7})+": (r"&#(\d+)", 10),
    r"(?:&#[xX][0-9A-Fa-f]{2,6})+": (r"&#[xX](\w+)", 16),
    r"0x[0-9A-Fa-f]{2}": (r"0x(..)", 16),
    r"0b[01]{7,8}": (r"0b(\d+)", 2),
    r"0o[0-7]{2,3}": (r"0o(\d+)", 8),
    r"[Uu]\+[0-9A-Fa-f]{4,6}": (r"[Uu]\+(\w+)", 16),
}
# Java's bytes are negative from 128 on.
_PLAIN = {r"[01]{7,8}": (r"(\d+)", 2), r"0?[0-3][0-7]{2}": (r"(\d+)", 8), r"-?\d{1,7}": (r"(-?\d+)", 10)}
# What `od` writes before each line.
_POSITION = re.compile(r"^0[0-7]{6}(?:[ \t]+|$)", re.MULTILINE)
_NAMES = {2: "binary", 8: "octal", 10: "decimal", 16: "hexadecimal"}
# Of five bytes in binary 1 in 3,000 are letters by chance; numbers without a mark may be a table of anything.
_FEWEST, _FEWEST_PLAIN = 4, 16
# Of English and German texts in UTF-8 small letters are 70 to 80%, blanks 14 to 18%.
_SMALL, _FEWEST_BLANKS, _MOST_BLANKS = 0.55, 0.03, 0.35
_LETTERS = 0.6
# The first token tells nearly every text from a list.
_START = re.compile(r"\s*[\[({]?\s*(?:\\|%u|&#|[Uu]\+|\d)")


def name_listing(text: str) -> str | None:
    """Return what kind of character codes `text` is a list of; None when it is none."""
    if not _START.match(text):
        return None
    inner = text.strip().removeprefix("[").removesuffix("]").removeprefix("{").removesuffix("}").strip("() \t\r\n")
    tokens = [token for token in _SEPARATOR.split(_bits_apart(_POSITION.sub("", inner))) if token]
    if not tokens:
        return None
    for forms, marked in ((_MARKED, True), (_PLAIN, False)):
        for form, (number, base) in forms.items():
            pattern = re.compile(form)
            if not all(map(pattern.fullmatch, tokens)):
                continue
            digits = [digit for token in tokens for digit in re.findall(number, token)]
            if _spells([int(digit, base) for digit in digits], sure=marked or base == 2):
                return f"{_NAMES[base]} character codes"
    return None


def _bits_apart(text: str) -> str:
    """Return a row of bits without blanks in bytes."""
    if len(text) % 8 or len(text) < 8 * _FEWEST or not set(text) <= {"0", "1"}:
        return text
    return " ".join(text[start : start + 8] for start in range(0, len(text), 8))


def _spells(codes: list[int], *, sure: bool) -> bool:
    """Whether codes are those of a text; when it is not `sure` that they are codes, of a text in words."""
    if all(-128 <= code < 128 for code in codes):
        codes = [code % 256 for code in codes]
    try:
        text = bytes(codes).decode()
    except ValueError:
        if any(not 0 <= code <= 0x10FFFF or 0xD800 <= code < 0xE000 for code in codes):
            return False
        text = "".join(map(chr, codes))
    if len(text) < (_FEWEST if sure else _FEWEST_PLAIN) or not all(c.isprintable() or c in "\t\n\r" for c in text):
        return False
    letters = sum(map(str.isalpha, text))
    blanks = sum(map(str.isspace, text))
    if sure:
        return letters + blanks >= _LETTERS * len(text)
    ideographs = list(filter(is_ideograph, text))
    if len(ideographs) >= _LETTERS * len(text):
        return are_in_use(ideographs)
    small = sum(c.islower() for c in text)
    return small >= _SMALL * len(text) and _FEWEST_BLANKS * len(text) <= blanks <= _MOST_BLANKS * len(text)
