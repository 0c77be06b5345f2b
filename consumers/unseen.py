"""Shows the characters of a text that nobody sees, and that can change what is seen around them.

A page shows texts of strangers: an id, a title, a document. One that turns the text behind it around (U+202E) could
make a reader believe something else than what is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Control characters but tab and line feed, and those that reorder the text around them. Marks of direction within a
# text (U+200E, U+200F) stay: Hebrew and Arabic need them.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return `text` with its unseen characters by number, such as ⟨U+202E⟩, which turns the text behind it around."""
    return _UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def visible_json(value: Any) -> Any:
    """Return a value of JSON whose texts have no unseen characters."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible_json(name): visible_json(field) for name, field in value.items()}
    return [visible_json(item) for item in value] if isinstance(value, list | tuple) else value
