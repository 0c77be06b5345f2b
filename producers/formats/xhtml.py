"""The paragraphs and headings of one file of a book, which is XHTML, and where its anchors are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.entities import html5

import lxml.html
from lxml import etree

from producers.formats.blocks import Block, BlockBuilder
from producers.formats.xml_tree import Element, local_name, parse_xml, words_in
from streaming.errors import BadInput

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "dd", "div", "dl", "dt", "figcaption", "figure",
        "footer", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul"
    }
) | _HEADINGS.keys()  # fmt: skip
# Menus, the reading of a Chinese character beside it, and what no reader shows.
_HIDDEN = frozenset(
    {"head", "script", "style", "template", "svg", "nav", "rt", "rp", "audio", "video", "object", "iframe", "form"}
)
# Kinds of EPUB: the number of a page of the printed book, that of a note, and the note, which pops up.
_ASIDE = frozenset({"pagebreak", "noteref", "footnote", "endnote", "rearnote", "footnotes", "endnotes", "rearnotes"})
_TYPE = "{http://www.idpf.org/2007/ops}type"
_NOTE_MARK = re.compile(r"[\[(]?(?:\d{1,4}|[*†‡§¶]{1,3}|[↩↑^]\ufe0e?)[\])]?")
_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
# A line end that stays one, while all other blanks become a space.
_BREAK = "\v"


@dataclass
class Page:
    """The blocks of a file; `anchors` has for each id in it the number of the block that it begins, or is in."""

    blocks: list[Block]
    anchors: dict[str, int] = field(default_factory=dict)


def read_page(raw: bytes, *, name: str) -> Page:
    """Return what a file of a book shows; raises `BadInput`, which calls it `name`, when it is neither XML nor HTML."""
    root = _parse(raw, name)
    collector = _Collector()
    walker = etree.iterwalk(root, events=("start", "end", "comment"))
    for event, element in walker:
        hidden = event == "comment" or _is_hidden(element)
        if event == "start":
            if hidden:
                walker.skip_subtree()
            else:
                collector.on_start(element)
            continue
        if not hidden:
            collector.on_end(element)
        if element is not root:
            collector.on_text(element.tail)
    collector.end_block()
    return collector.page


def _parse(raw: bytes, name: str) -> Element:
    try:
        return parse_xml(_ENTITY.sub(_as_number, raw), name=name)
    except BadInput as broken:
        if broken.type == "Nested" or b"<!ENTITY" in raw:
            raise
        # Books of before EPUB 2 have HTML, whose tags need no end.
        try:
            return lxml.html.document_fromstring(raw)
        except (etree.LxmlError, ValueError):
            raise broken from None


def _as_number(match: re.Match[bytes]) -> bytes:
    """Return a letter that HTML has a name for as the number of it, which XML knows, too."""
    letters = html5.get(f"{match[1].decode()};")
    if letters is None or match[1] in _XML_ENTITIES:
        return match[0]
    return "".join(f"&#{ord(letter)};" for letter in letters).encode()


def _is_hidden(element: Element) -> bool:
    tag = local_name(element)
    kinds = (element.get(_TYPE) or "").split()
    return tag in _HIDDEN or "hidden" in element.attrib or not _ASIDE.isdisjoint(kinds) or _leads_to_note(element, tag)


def _leads_to_note(element: Element, tag: str) -> bool:
    """Whether an element is the number of a note, or the way back from it; older books do not name its kind."""
    return tag == "a" and "#" in (element.get("href") or "") and _NOTE_MARK.fullmatch(words_in(element)) is not None


class _Collector:
    """Collects the blocks of a tree while it is walked."""

    def __init__(self) -> None:
        self._builder = BlockBuilder()
        self.page = Page(self._builder.blocks)
        self._pieces: list[str] = []
        self._heading = self._preformatted = 0
        # Of the item or the row that is open: whether its words are a line, and the mark before them.
        self._is_line, self._mark = False, ""
        # For each open row of a table, whether its cells hold words alone.
        self._plain_rows: list[bool] = []

    def on_start(self, element: Element) -> None:
        tag = local_name(element)
        if tag in _BLOCKS:
            self.end_block()
        if anchor := element.get("id") or (element.get("name") if tag == "a" else None):
            self.page.anchors.setdefault(anchor, len(self.page.blocks))
        self._heading = _HEADINGS.get(tag, self._heading)
        self._preformatted += tag == "pre"
        if tag == "li":
            self._is_line, self._mark = True, "- "
        elif tag == "tr":
            self._plain_rows.append(not any(local_name(inner) in _BLOCKS for inner in element.iterdescendants()))
            self._is_line = self._plain_rows[-1]
        elif tag == "br":
            self._pieces.append(_BREAK)
        elif tag in ("td", "th"):
            self._begin_cell()
        self.on_text(element.text)

    def on_end(self, element: Element) -> None:
        tag = local_name(element)
        if tag in _BLOCKS:
            self.end_block()
        if tag in _HEADINGS:
            self._heading = 0
        self._preformatted -= tag == "pre"
        if tag == "tr":
            self._plain_rows.pop()
        if tag in ("ul", "ol", "table"):
            self._builder.end_lines()

    def on_text(self, text: str | None) -> None:
        if text:
            self._pieces.append(text.replace("\n", _BREAK) if self._preformatted else text)

    def end_block(self) -> None:
        text = "".join(self._pieces).replace("\n", " ").replace(_BREAK, "\n")
        self._pieces = []
        if not text.strip():
            return
        if self._is_line:
            self._builder.add_line(text, mark=self._mark)
        else:
            self._builder.add(text, self._heading)
        self._is_line, self._mark = False, ""

    def _begin_cell(self) -> None:
        if self._plain_rows and not self._plain_rows[-1]:
            self.end_block()
        elif "".join(self._pieces).strip():
            self._pieces.append(" | ")
