"""JSON within something else: behind what a server puts before it, in a call, behind characters that nobody sees.

)]}',{"text": "Once ..."}         so that no page of another site may run it; also while(1); and for(;;);
callback({"text": "Once ..."});   so that a page may run it
U+200B {"text": "Once ..."}       copied from a page, or a mark within a text
"""

from __future__ import annotations

import re
from typing import Any

from streaming.json_document import JSON_STARTS
from streaming.json_values import parse_json

# With RFC 7464's mark before each text of a sequence.
_UNSEEN = r"[\s\x1e\ufeff\u200b-\u200f\u2060]*"
_GUARD = re.compile(rf"{_UNSEEN}(?:(?:\)\]\}}',?|while\s*\(1\);|for\s*\(;;\);){_UNSEEN})?")
_CALL = re.compile(r"(?:/\*\*/)?\s*[A-Za-z_$][\w$.]{0,80}\(\s*(?=[{\[])")
_END_OF_CALL = re.compile(r"\)\s*;?\s*$")
# The end of a call is looked for in so many characters, not in all blanks of a long text.
_LONGEST_END = 40


def guarded_value(text: str) -> Any:
    """Return the value of the JSON within a text; None when there is nothing but JSON, or no JSON."""
    start = _GUARD.match(text)
    inner = text[start.end() :] if start else text
    if (call := _CALL.match(inner)) and (end := _END_OF_CALL.search(inner, max(call.end(), len(inner) - _LONGEST_END))):
        inner = inner[call.end() : end.start()]
    if inner[:1] not in JSON_STARTS or inner == text.lstrip(" \t\r\n"):
        return None
    try:
        value, _ = parse_json(inner)
    except ValueError:
        # Also a text may begin so.
        return None
    return value
