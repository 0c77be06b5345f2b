"""The numbers of headings: Roman, Arabic and in English words, up to ninety-nine in words."""

from __future__ import annotations

import re

_UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_FIRST = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_TENTH = (
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
    "nineteenth",
)  # fmt: skip

_CARDINALS = {word: number for number, word in enumerate(_UNITS + _TEENS, start=1)}
_ORDINALS = {word: number for number, word in enumerate(_FIRST + _TENTH, start=1)}
for _ten, _word in enumerate(_TENS, start=2):
    _CARDINALS[_word] = 10 * _ten
    _ORDINALS[_word[:-1] + "ieth"] = 10 * _ten
    for _unit, (_cardinal, _ordinal) in enumerate(zip(_UNITS, _FIRST, strict=True), start=1):
        _CARDINALS[f"{_word}-{_cardinal}"] = _ORDINALS[f"{_word}-{_ordinal}"] = 10 * _ten + _unit

_WORDS = {**_CARDINALS, **_ORDINALS}
# Old printers wrote IIII and XXXX, too.
_ROMAN = re.compile(r"(M{0,3})(CM|CD|D?C{0,4})(XC|XL|L?X{0,4})(IX|IV|V?I{0,4})", re.IGNORECASE)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def _any_of(words: dict[str, int]) -> str:
    """Return a pattern for `words`, the longest first, "twenty-one" with a blank as well."""
    return "|".join(word.replace("-", "[- ]") for word in sorted(words, key=len, reverse=True))


# Use both patterns with re.IGNORECASE. A match may still be no number ("DID"): `read_number` decides.
ORDINAL = rf"(?:{_any_of(_ORDINALS)})"
NUMBER = rf"(?:\d{{1,4}}(?:st|nd|rd|th)?|{_any_of(_WORDS)}|[ivxlcdm]+)(?!\w)"


def read_number(text: str) -> int | None:
    """Return the number that `text` is ("XII", "12", "12th", "twelve", "Twelfth"), or None."""
    word = re.sub(r"\s+", "-", text.strip().casefold())
    if word in _WORDS:
        return _WORDS[word]
    if digits := re.fullmatch(r"(\d+)(?:st|nd|rd|th)?", word):
        return int(digits[1])
    return _roman(word.upper()) if word and _ROMAN.fullmatch(word) else None


def _roman(text: str) -> int:
    values = [_VALUES[letter] for letter in text]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))
