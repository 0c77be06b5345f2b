"""Values of JSON as producers write them: what a parser takes, what a value is as text, and what it names."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic_core import from_json

# Python refuses to read longer numbers (sys.int_info.default_max_str_digits).
_MOST_DIGITS = 4000
# Both parsers read so deep: pydantic's to 201, Python's to 900 and more.
_DEEPEST = 150
# A string, also one without an end; a bracket; a comma with nothing behind it.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|[\[\]{}]|,(?=\s*[\]}])', re.DOTALL)
# Behind it stands nothing that JSON knows as an escape.
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9A-Fa-f]{4})?')
# A whole number as Python and Java write one that is a floating-point number: 4711.0, 1.2345678E7, 1e+16.
_WHOLE_FLOAT = re.compile(r"-?(?:\d+\.0|\d\.\d+[eE]\+?\d+|\d[eE]\+\d+)", re.ASCII)
# From here on floating-point numbers have gaps, so two ids could become one.
_MOST_EXACT = 2**53
# How Python hands over a byte that is not UTF-8 (PEP 383).
UNDECODED_BYTE = re.compile("[\udc80-\udcff]")
FAULT = "a fault of its JSON"
TOO_DEEP = f"what is nested deeper than {_DEEPEST} levels was left out"


def parse_json(text: str) -> tuple[Any, str | None]:
    """Parse JSON; return its value, and what was mended: `FAULT`, `TOO_DEEP` or None.

    A fault is a character that JSON would escape, half a character (a lone surrogate), a comma too many, an end of a
    string in C. Raises `ValueError` when it is no JSON also without these; the message has none of the text.
    """
    try:
        # As bytes, because pydantic takes no string with half a character in it.
        return from_json(text.encode()), None
    except ValueError as strict:
        mended, is_deep = _mend(text)
        try:
            value = json.loads(mended, strict=False, parse_int=_whole_number)
        except (ValueError, RecursionError):
            raise strict from None
        return value, TOO_DEEP if is_deep else FAULT


def _mend(text: str) -> tuple[str, bool]:
    """Return JSON without its small faults, and whether it was nested too deep: what is deeper becomes null."""
    pieces: list[str] = []
    position = depth = 0
    is_deep = False
    # The end of a C string is no part of the JSON.
    text = text.rstrip("\0")
    for token in _TOKEN.finditer(text):
        between, mark = text[position : token.start()], token[0]
        position = token.end()
        opens, closes = mark in ("[", "{"), mark in ("]", "}")
        depth -= closes
        if depth < _DEEPEST or (depth == _DEEPEST and not opens and not closes):
            pieces += (between, _mended(mark))
        elif depth == _DEEPEST and opens:
            pieces += (between, "null")
            is_deep = True
        depth += opens
    return "".join([*pieces, text[position:]]), is_deep


def _mended(mark: str) -> str:
    if mark == ",":
        return ""
    # A backslash that escapes nothing is itself.
    return _ESCAPE.sub(lambda escape: escape[0] if escape[1] else "\\\\", mark)


def text_of(value: Any) -> str | None:
    """Return a value of JSON as text: a string as it is, a whole number without a fraction, the rest as JSON.

    None for null. 4711.0 is 4711, because some serializers know no whole numbers.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def name_of(value: Any) -> str | None:
    """Return the id that a value of JSON is; None for a value that names nothing, so that many would go by it.

    A whole number is one id however it is written: 4711, 4711.0, "4711.0".
    """
    if isinstance(value, bool) or value in ("", [], {}) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    name = text_of(value)
    if name is None:
        return None
    name = without_byte_order_mark(name)
    if _WHOLE_FLOAT.fullmatch(name) and (number := float(name)).is_integer() and abs(number) < _MOST_EXACT:
        return str(int(number))
    return name or None


def without_byte_order_mark(text: str) -> str:
    """Return `text` without the mark that some programs put before a table's first name or value."""
    return text.removeprefix("\ufeff")


def whole_characters(text: str) -> str:
    """Return `text` with U+FFFD for each half of a character (a lone surrogate), which UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def whole_name(name: str) -> str:
    """Return an id in whole characters; a byte that is not UTF-8 is its digits, so that ids stay different."""
    return whole_characters(UNDECODED_BYTE.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", name))


def unwrapped(value: Any, path: str) -> Any:
    """Return the payload of a value in Kafka Connect's form, with its schema or without; the value where it has `path`.

    {"schema": {...}, "payload": {"id": 7}}   {"id": 7}
    """
    is_wrapped = isinstance(value, dict) and "payload" in value and value.keys() <= {"schema", "payload"}
    return value["payload"] if is_wrapped and lookup(value, path) is None else value


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def lookup(value: Any, path: str) -> Any:
    """Follow a dotted path into JSON objects, also into those that stand as JSON in a string.

    A key that contains the dots comes first. None: there is no value.
    """
    if isinstance(value, dict) and path in value:
        return value[path]
    for name in path.split("."):
        if isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                value, _ = parse_json(value)
            except ValueError:
                return None
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
