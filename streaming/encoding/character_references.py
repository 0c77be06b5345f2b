"""The letters that HTML writes by a number or a name: `&#233;` and `&eacute;` are "é"."""

from __future__ import annotations

import html
import re

# The last character has seven digits; Python, and so its parser of HTML, fails on a number of more than 4,300.
_TOO_LONG = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")


def without_long_references(text: str) -> str:
    """Return `text` with U+FFFD for each number that no character has, as browsers show it."""
    return _TOO_LONG.sub("\ufffd", text)


def unescape(text: str) -> str:
    """Return `text` with the letters for their numbers and names."""
    return html.unescape(without_long_references(text))
