"""Values of JSON as producers write them: what a parser takes, and what a value is as text."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic_core import from_json

# Python refuses to read longer numbers (sys.int_info.default_max_str_digits).
_MOST_DIGITS = 4000
# Before it stand none or whole pairs of backslashes; behind it nothing that JSON knows as an escape.
_STRAY_BACKSLASH = re.compile(r'(?<!\\)((?:\\\\)*)\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})')


def parse_json(text: str) -> tuple[Any, bool]:
    """Parse JSON; tell whether it has characters that JSON would escape, or half a character (a lone surrogate).

    Raises `ValueError` when it is no JSON also without these; the message has none of the text.
    """
    try:
        return from_json(text), False
    except ValueError as strict:
        # The end of a C string is no part of the JSON, and a backslash that escapes nothing is itself.
        mended = _STRAY_BACKSLASH.sub(r"\1\\\\", text.rstrip("\0"))
        try:
            return json.loads(mended, strict=False, parse_int=_whole_number), True
        except (ValueError, RecursionError):
            raise strict from None


def text_of(value: Any) -> str | None:
    """Return a value of JSON as text: a string as it is, a whole number without a fraction, the rest as JSON.

    None for null. 4711.0 is 4711, because some serializers know no whole numbers.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def whole_characters(text: str) -> str:
    """Return `text` with U+FFFD for each half of a character (a lone surrogate), which UTF-8 cannot hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
