"""Reads text that a browser or a terminal was to show: HTML as what it shows, letters of HTML, colours of a terminal.

Text that only tells of such marks has them here and there. So HTML is read where all of a text is HTML, its names of
letters where they stand within words, and marks of a terminal, which nobody types, everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from streaming.encoding.character_references import unescape
from streaming.encoding.html_text import html_text
from streaming.errors import BadInput

_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b[^<>]*>.*<[a-z][^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(r"<title[^<>]*>([^<]{1,1000})</title", re.IGNORECASE)
_BLOCK = re.compile(r"<(?:p|div|article|section|main|table|ul|ol|dl|h[1-6]|body|center)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_RTF = re.compile(r"\s*\{\\rtf\d")
# A letter, or the apostrophe of "don't", within a word.
_NAME = r"&(?:#\d{2,6}|#[xX][0-9A-Fa-f]{2,5}|[A-Za-z]{2,8});"
_NAME_IN_WORD = re.compile(
    rf"(?<=[A-Za-z])({_NAME})(?=[A-Za-z])|(?<![\w;])({_NAME})(?=[a-z]{{2}})|(?<=[a-z]{{2}})({_NAME})"
)
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
# A long text of which less are names tells of them.
_LONGEST_FOR_ONE, _FOR_EACH = 200, 1_000
# Colours and other commands, links and titles of windows, and letters typed twice or underlined, as manuals have them.
_COMMAND = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Za-z]|\x1b[=>78]")
_OVERSTRUCK = re.compile(r"[^\n\x08]\x08")


@dataclass(frozen=True)
class Shown:
    """What a browser or a terminal shows of a text, the title of a page, and what the text was."""

    text: str
    title: str | None
    description: str


def read_page(text: str) -> Shown | None:
    """Return what a page or a piece of HTML shows, None for any other text.

    Raises `BadInput`: `NoText` for a page that shows none, `Binary` for RTF.
    """
    if _RTF.match(text):
        raise BadInput("an RTF document: convert it to text first", type="Binary")
    is_page = _PAGE.match(text) is not None
    if not is_page and not _is_piece(text):
        return None
    shown = html_text(text)
    if not shown:
        raise BadInput("HTML that shows no text", type="NoText")
    title = _TITLE.search(text)
    name = " ".join(unescape(title[1]).split()) if title else ""
    return Shown(shown, name or None, "HTML")


def read_names_of_letters(text: str) -> Shown | None:
    """Return a text with the letters that HTML's names stand for ("M&uuml;hle"); None where that is not certain."""
    if "&" not in text or _TAG.search(text):
        return None
    names = [next(filter(None, match)) for match in _NAME_IN_WORD.findall(text)]
    letters = [unescape(name) for name in names]
    count = sum(len(letter) == 1 and (letter.isalpha() or letter in _APOSTROPHES) for letter in letters)
    if not count or (len(text) > _LONGEST_FOR_ONE and count * _FOR_EACH < len(text)):
        return None
    return Shown(unescape(text), None, "HTML's names of letters")


def read_terminal(text: str) -> Shown | None:
    """Return a text without colours, links and letters struck twice; None where it has none."""
    if "\x1b" not in text and "\b" not in text:
        return None
    shown = _OVERSTRUCK.sub("", _COMMAND.sub("", text))
    return None if shown == text else Shown(shown, None, "text with a terminal's marks")


def _is_piece(text: str) -> bool:
    """Whether each paragraph of a text is HTML as a whole; Markdown may begin with a tag, and goes on without."""
    if not _BLOCK.match(text.lstrip()):
        return False
    paragraphs = [paragraph.strip() for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]
    return all(paragraph.startswith("<") and paragraph.endswith(">") for paragraph in paragraphs)
