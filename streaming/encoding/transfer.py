"""Decodes text that was encoded for its way: quoted-printable, UTF-7, HZ, and UTF-8 that was encoded twice.

All of these are characters that a person can read half of ("M=C3=BChlrad", "M+APw-hlrad", "MÃ¼hlrad"), so they pass for
text. Each is taken only when every mark in the text is one of the encoding's, and a language comes out.
"""

from __future__ import annotations

import codecs
import quopri
import re
import unicodedata
from dataclasses import dataclass

from streaming.encoding.code_pages import certain, readings
from streaming.encoding.wide import are_in_use, is_ideograph, is_language
from streaming.errors import BadInput

_ESCAPE = re.compile(r"=(?:[0-9A-F]{2}|[0-9a-f]{2})")
_SOFT_BREAK = re.compile(r"=[ \t]*(?:\r?\n|$)")
# Lines are cut at 76 characters, or somewhat before. Two lines that end so are no chance.
_SHORTEST_CUT, _LONGEST_CUT, _FEWEST_CUTS = 60, 76, 2
# Of a letter in a word, as no address has it: "Gr=FC=DFe".
_LETTER_IN_WORD = re.compile(r"(?<=[a-z])(?:=[89A-F][0-9A-F])+(?=[a-z])|\b[A-Z]?(?:=[C-F][0-9A-F])+(?=[a-z]{2})")
_FEWEST_ESCAPES = 2
_SHIFT = re.compile(r"\+([A-Za-z0-9+/]*)-?")
_FEWEST_SHIFTS, _FEWEST_IDEOGRAPHS = 2, 6
# The code pages that programs take UTF-8 for; Windows-1252, the first of them, and Latin-1 are tried as one.
_PAGES = ("cp1251", "mac_roman", "cp437", "cp850", "iso8859_2", "cp1250", "cp1254", "iso8859_15", "gb18030")
_WINDOWS_1252 = {byte: byte for byte in range(256)} | {
    ord(character): byte for byte in range(0x80, 0xA0) for character in bytes([byte]).decode("cp1252", "ignore")
}
# Two characters of Chinese are a letter of UTF-8 one time in ten ("联通"), and six never are.
_FEWEST_CHINESE = 6
_MOST_TIMES = 3
# A long text of which less was encoded twice tells of it. English has a curved quotation mark or a dash more often.
_LONGEST_FOR_ONE, _FOR_EACH = 200, 1_000


@dataclass(frozen=True)
class Decoded:
    """A text, and the name of the encoding in which it was."""

    text: str
    encoding: str


def decode_transfer(text: str) -> Decoded | None:
    """Return the text that `text` is an encoding of, when that is certain; None when it is text as it stands.

    Raises `BadInput`, `Encoded`, for quoted-printable of a code page that cannot be told.
    """
    if not text.isascii():
        twice = decode_twice_encoded(text)
        return None if twice is None else Decoded(twice, "UTF-8 that was encoded twice")
    if "=" in text and (decoded := _quoted_printable(text)) is not None:
        return Decoded(decoded, "quoted-printable")
    if "~{" in text and (decoded := _hz(text)) is not None:
        return Decoded(decoded, "HZ")
    if "+" in text and (decoded := _utf7(text)) is not None:
        return Decoded(decoded, "UTF-7")
    return None


def decode_twice_encoded(text: str) -> str | None:
    """Return the text whose UTF-8 was taken for a code page and encoded again; None when that is not certain."""
    return _decode_again(text, _MOST_TIMES)


def _decode_again(text: str, times: int) -> str | None:
    if text.isascii() or not times:
        return None
    encoded = [_windows_1252(text), *(_encode(text, page) for page in _PAGES)]
    for number, raw in enumerate(encoded):
        if raw is None:
            continue
        try:
            decoded = raw.decode()
        except UnicodeDecodeError:
            continue
        if any(unicodedata.category(character) == "Cc" and character > "\x7f" for character in decoded):
            # Controls of Latin-1 are halves of characters that were encoded once more.
            if (deeper := _decode_again(decoded, times - 1)) is not None:
                return deeper
            continue
        fewest = _FEWEST_CHINESE if number == len(encoded) - 1 else 2
        if _is_certain(text, decoded, fewest):
            return _decode_again(decoded, times - 1) or decoded
    return None


def _windows_1252(text: str) -> bytes | None:
    try:
        return codecs.charmap_encode(text, "strict", _WINDOWS_1252)[0]
    except UnicodeEncodeError:
        return None


def _encode(text: str, page: str) -> bytes | None:
    try:
        return text.encode(page)
    except UnicodeEncodeError:
        return None


def _is_certain(text: str, decoded: str, fewest: int) -> bool:
    """Whether what came out is a language: several characters, or a letter in a word where a sign was."""
    beyond_ascii = "".join(character for character in decoded if not character.isascii())
    if len(decoded) > len(text) or any(unicodedata.category(c) in ("Cn", "Co") for c in beyond_ascii):
        return False
    longest = max(_LONGEST_FOR_ONE, _FOR_EACH * (len(beyond_ascii) - 1))
    if len(decoded) > longest or not is_language(decoded, proved=False):
        return False
    return len(beyond_ascii) >= fewest or (len(beyond_ascii) > 0 and fewest == 2 and _is_in_word(text, decoded))


def _is_in_word(text: str, decoded: str) -> bool:
    """Whether the one character of `decoded` beyond ASCII is a letter or an apostrophe in a word, and was a sign."""
    at = next(position for position, character in enumerate(decoded) if not character.isascii())
    was = text[at : at + 1 + len(text) - len(decoded)]
    neighbours = [decoded[max(0, at - 1) : at].isalpha(), decoded[at + 1 : at + 2].isalpha()]
    in_word = any(neighbours) if decoded[at].isalpha() else all(neighbours)
    return in_word and not all(map(str.isalpha, was))


def _quoted_printable(text: str) -> str | None:
    cuts = _SOFT_BREAK.findall(text)
    escapes = _ESCAPE.findall(text)
    if text.count("=") != len(cuts) + len(escapes):
        return None
    raw = quopri.decodestring(text.encode())
    if any(byte < 0x20 and byte not in b"\t\n\r\f" for byte in raw):
        return None
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        return _of_code_page(text, raw)
    if not decoded.isascii():
        return decoded if is_language(decoded, proved=False) else None
    # Nothing but ASCII was encoded: signs of equality, and lines that were cut.
    lines = [line.rstrip() for line in text.splitlines()]
    cut = sum(_SHORTEST_CUT <= len(line) <= _LONGEST_CUT and line.endswith("=") for line in lines)
    return decoded if cut >= _FEWEST_CUTS and max(map(len, lines)) <= _LONGEST_CUT else None


def _of_code_page(text: str, raw: bytes) -> str | None:
    in_words = sum(match[0].count("=") for match in _LETTER_IN_WORD.finditer(text))
    if in_words < _FEWEST_ESCAPES or 2 * in_words < sum(byte > 0x7F for byte in raw):
        return None
    if reading := certain(readings(raw)):
        return reading.text
    raise BadInput("written in quoted-printable of a code page: decode it to UTF-8 first", type="Encoded")


def _hz(text: str) -> str | None:
    try:
        decoded = text.encode().decode("hz")
    except UnicodeDecodeError:
        return None
    return decoded if _is_chinese(decoded) else None


def _is_chinese(text: str) -> bool:
    ideographs = [character for character in text if is_ideograph(character)]
    return len(ideographs) >= 2 and are_in_use(ideographs)


def _utf7(text: str) -> str | None:
    shifts = [shift for shift in _SHIFT.findall(text) if shift]
    if not shifts:
        return None
    try:
        decoded = text.encode().decode("utf-7")
    except UnicodeDecodeError:
        return None
    beyond_ascii = [character for character in decoded if not character.isascii()]
    ideographs = [character for character in beyond_ascii if is_ideograph(character)]
    # A sign such as "+" alone may be shifted, too; words behind a plus are ideographs as a rule.
    fewest = _FEWEST_IDEOGRAPHS if ideographs or len(shifts) == 1 else _FEWEST_SHIFTS
    enough = len(beyond_ascii) >= fewest
    return decoded if enough and is_language("".join(beyond_ascii), proved=False) else None
