"""Names text that stands in for bytes: Base64, Base32, hexadecimal digits, percent-encoding, character codes.

A lone word, a path, a name of a class or a long number is written in the letters of Base64, too. So a text is Base64
only when what it stands for is text or a known format, or when letters and digits are mixed as no language mixes them.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from streaming.encoding.formats import is_binary, name_format
from streaming.encoding.listings import name_listing

_DATA_URI = re.compile(r"data:[\w.+/;=-]*;base64,")
# Lines or groups as long as they come.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+(?:\s+[A-Za-z0-9+/_-]+)*\s*={0,2}")
_BASE32 = re.compile(r"[A-Z2-7]+(?:\s+[A-Z2-7]+)*\s*=*")
_HEX = re.compile(r"[0-9A-Fa-f]+(?:[\s:,]+[0-9A-Fa-f]+)*")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
# Twelve bytes that read as text by chance: 1 in 10 million words; with padding, which no word has, 6 are enough.
_SHORTEST_BASE64 = 16
_SHORTEST_PADDED = 8
# From here on the mixture of letters and digits tells, without a look inside.
_LONG_BASE64 = 40
_LONG_GROUP, _MANY_GROUPS = 16, 24
_LONG_HEX = 32
_SHORTEST_HEX = 10
# Random bytes are printable ASCII in 37 of 100 cases, so 24 of them never are.
_LONG_PRINTABLE = 24
_LINE_ENDS = str.maketrans("", "", "\t\r\n")


def name_wrapping(text: str) -> str | None:
    """Return what `text` as a whole is written in; None when it is text as it stands."""
    whole = text.strip()
    data_uri = _DATA_URI.match(whole)
    if (data_uri and _BASE64.fullmatch(whole, data_uri.end())) or _is_base64(whole):
        return "Base64"
    if _is_base32(whole):
        return "Base32"
    if codes := name_listing(whole):
        return codes
    if _is_hexadecimal(whole):
        return "hexadecimal digits"
    return "percent-encoding" if _is_percent_encoded(whole) else None


def _is_base64(whole: str) -> bool:
    if len(whole) < _SHORTEST_PADDED or not _BASE64.fullmatch(whole) or not any(map(str.isalnum, whole)):
        return False
    digits = "".join(whole.split())
    unpadded = digits.rstrip("=").replace("-", "+").replace("_", "/")
    padding = len(digits) - len(digits.rstrip("="))
    if len(unpadded) % 4 == 1 or (padding and len(digits) % 4) or not (padding or len(digits) >= _SHORTEST_BASE64):
        return False
    raw = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4))
    if _is_prose(raw) or (len(raw) > 3 and not raw.isascii() and name_format(raw)):
        return True
    return len(unpadded) >= _LONG_BASE64 and _is_mixed(unpadded) and _is_even(whole)


def _is_even(whole: str) -> bool:
    """Whether there are no blanks, or what they separate is long and equally long, as no words and codes are."""
    groups = whole.rstrip("=").split()
    longest = len(groups[0])
    # Lines without a blank in them were always taken as they come.
    in_lines = not any(blank in whole for blank in " \t")
    even = {len(group) for group in groups[:-1]} <= {longest}
    return in_lines or (even and (longest >= _LONG_GROUP or (longest >= 4 and len(groups) >= _MANY_GROUPS)))


def _is_base32(whole: str) -> bool:
    if len(whole) < _SHORTEST_BASE64 or not _BASE32.fullmatch(whole):
        return False
    digits = "".join(whole.split()).rstrip("=")
    try:
        return _is_prose(base64.b32decode(digits + "=" * (-len(digits) % 8)))
    except binascii.Error:
        return False


def _is_mixed(digits: str) -> bool:
    """Whether capitals, small letters and digits are as frequent as in random Base64 (41%, 41%, 16%), about."""
    upper = sum(digit.isupper() for digit in digits) / len(digits)
    lower = sum(digit.islower() for digit in digits) / len(digits)
    decimal = sum(digit.isdigit() for digit in digits) / len(digits)
    return 0.2 < upper < 0.6 and 0.2 < lower < 0.6 and 0.05 < decimal < 0.35


def _is_hexadecimal(whole: str) -> bool:
    if len(whole) < _SHORTEST_HEX or not _HEX.fullmatch(whole):
        return False
    groups = re.split(r"[\s:,]+", whole)
    if any(len(group) % 2 for group in groups):
        return False
    digits = "".join(groups)
    letters = sum(digit.isalpha() for digit in digits)
    if not letters or letters == len(digits) or not (digits.islower() or digits.isupper()):
        return False
    # Random digits are letters in 6 of 16 cases; separated ones may be a list of anything.
    random = len(whole) == len(digits) >= _LONG_HEX and 0.15 < letters / len(digits) < 0.6
    return random or _is_prose(binascii.unhexlify(digits))


def _is_prose(raw: bytes) -> bool:
    """Whether `raw` is UTF-8 that is mostly letters and blanks, as a language is, or long and printable, as JSON is."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return False
    letters = sum(character.isalpha() or character.isspace() for character in text)
    long = len(text) >= _LONG_PRINTABLE and all(map(str.isprintable, text.translate(_LINE_ENDS)))
    return not is_binary(raw) and (letters >= 0.7 * len(text) or long)


def _is_percent_encoded(whole: str) -> bool:
    if len(_PERCENT.findall(whole)) < 3 or "://" in whole or any(map(str.isspace, whole)):
        return False
    try:
        return _is_prose(unquote(whole, errors="strict").encode())
    except UnicodeDecodeError:
        return False
