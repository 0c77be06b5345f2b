"""Reads a page of HTML: its main text, without menus, footers and what else is around it.

trafilatura finds the main text. Where it finds too little, the document is all that the page shows. Scripts, styles and
pictures never become text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from producers.formats.blocks import Block, parts_of
from producers.formats.html_banners import without_banners
from producers.formats.html_main import length_with_comments, main_blocks
from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.plain_text import read_plain_text
from streaming.encoding.character_references import unescape
from streaming.encoding.html_text import html_text
from streaming.encoding.reading import decode_file, decode_text
from streaming.errors import BadInput

# A browser reads these names of a page's encoding as the encoding of Windows, and so do the pages' authors.
_AS_WINDOWS = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}
# A page must name its encoding in its first 1,024 bytes; older pages have a comment before that.
_DECLARATION = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I)
_DECLARED_WITHIN = 4096
_TAG = re.compile(r"<(?:!doctype\s+html|/?[a-z][a-z0-9]{0,15}(?:\s[^<>]*)?/?)>", re.IGNORECASE)
_DOCUMENT_TYPE = re.compile(r"\s*(?:<\?xml[^<>]*>\s*)?<!DOCTYPE[^<>\[]*\[.{0,100000}?\]\s*>", re.IGNORECASE | re.DOTALL)
_OPEN_TAG = re.compile(r"</?[a-z]", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]{1,1000})</title", re.IGNORECASE)
# Between the title of a page and the name of its site.
_SITE_MARK = re.compile(r"\s*[|•·»]|\s+[-–—]\s")
# Shorter lines of a page are menus, headings and buttons, as a rule.
_PROSE_LINE = 80
# Of the prose that a page shows, its main text has so much, with readers' comments: of 160 pages of manuals a tenth
# had less, and had lost sections.
_LEAST_SHARE = 0.6
# Characters of a main text: a teaser, or a notice about cookies, has fewer.
_LEAST_TEXT = 200


def read_html(path: Path, options: ReadOptions) -> Iterator[Part]:
    """Yield the text of a page; raises `BadInput` for one that shows none, and for what is no text."""
    page = _without_rests(decode_page(path.read_bytes()))
    if not _TAG.search(page):
        yield from read_plain_text(path, options)
        return
    page = without_banners(page)
    shown = html_text(page)
    blocks = main_blocks(page)
    if not shown and not blocks:
        raise BadInput("HTML that shows no text", type="NoText")
    # Where a tag is broken, all behind it may seem to be hidden.
    if not shown or _is_enough(blocks, shown, page):
        metadata = {"read_as": "the main text of HTML"}
        yield from parts_of(blocks, options.split, title=_without_site(title_of(page), blocks), metadata=metadata)
    else:
        yield Part(shown, title=title_of(page), metadata={"read_as": "HTML"})


def _is_enough(blocks: list[Block], shown: str, page: str) -> bool:
    """Whether `blocks` are the main text of a page that shows `shown`, and not a piece of it."""
    length = sum(len(block.text) for block in blocks)
    if length < _LEAST_TEXT:
        return False
    prose = sum(len(line) for line in shown.split("\n") if len(line) >= _PROSE_LINE)
    return length >= _LEAST_SHARE * prose or length_with_comments(page) >= _LEAST_SHARE * prose


def decode_page(raw: bytes) -> str:
    """Return the text of a page, in the encoding that it names where it is not UTF-8; raises `BadInput`."""
    try:
        return decode_text(raw)
    except BadInput as error:
        declared = _DECLARATION.search(raw[:_DECLARED_WITHIN])
        if error.type != "NotUtf8" or declared is None:
            return decode_file(raw).text
    try:
        codec = codecs.lookup(declared[1].decode("ascii")).name
    except LookupError:
        return decode_file(raw).text
    # A few bytes that the encoding does not have are replaced, as browsers do.
    return raw.decode(_AS_WINDOWS.get(codec, codec), errors="replace")


def title_of(page: str) -> str | None:
    """Return the title of a page; None when it has none."""
    title = _TITLE.search(page)
    return " ".join(unescape(title[1]).split()) or None if title else None


def _without_site(title: str | None, blocks: list[Block]) -> str | None:
    """Return the page's first heading where its title is that heading and the name of its site."""
    heading = next((block.text for block in blocks if block.level), "")
    if title and heading and title.casefold().startswith(heading.casefold()):
        return heading if _SITE_MARK.match(title[len(heading) :]) else title
    return title


def _without_rests(page: str) -> str:
    """Return a page without what a browser would not show: declarations in its document type, a tag that is cut off."""
    document_type = _DOCUMENT_TYPE.match(page)
    if document_type:
        page = page[document_type.end() :]
    start = page.rfind("<")
    return page[:start] if start >= 0 and _OPEN_TAG.match(page, start) and ">" not in page[start:] else page
