"""Reads an ODT: its paragraphs, lists and tables in order.

Notes, comments, deleted text, indexes, headers and footers are left out, and pictures, which are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from producers.formats.blocks import BlockBuilder
from producers.formats.office import add_table, document_parts
from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.xml_tree import (
    Element,
    attribute,
    child,
    local_name,
    paragraphs_in,
    parse_xml,
    parse_xml_if_whole,
    words_in,
)
from producers.formats.zipped import open_zip, read_member
from streaming.errors import BadInput

_CONTENT, _MANIFEST, _META = "content.xml", "META-INF/manifest.xml", "meta.xml"
_NO_TEXT = frozenset(
    {
        "note", "annotation", "annotation-end", "tracked-changes", "table-of-content", "alphabetical-index",
        "illustration-index", "table-index", "object-index", "user-index", "bibliography", "ruby-text", "forms",
        "sequence-decls", "variable-decls", "user-field-decls", "title", "desc", "shapes", "hidden-text"
    }
)  # fmt: skip
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_PARAGRAPHS = frozenset({"p", "h"})
_SIGNS = {"tab": "\t", "line-break": "\n"}
# Spaces are written as a number, which may be made to be large.
_MOST_SPACES = 100
_LOWEST = 10


def read_odt(path: Path, options: ReadOptions) -> Iterator[Part]:
    """Yield the text of a document; raises `BadInput` when it has none, or needs a password."""
    with open_zip(path) as archive:
        manifest = parse_xml_if_whole(read_member(archive, _MANIFEST))
        if manifest is not None and any(True for _ in manifest.iter("{*}encryption-data")):
            raise BadInput("an ODT that needs a password: save it without one", type="Encrypted")
        raw = read_member(archive, _CONTENT)
        if raw is None:
            raise BadInput(f"a damaged ODT: it has no {_CONTENT}", type="Broken")
        root = parse_xml(raw, name=_CONTENT)
        meta_title = _meta_title(archive)
    document = _Document()
    document.read(child(root, "body", "text"))
    pictures = sum(1 for _ in root.iter("{*}image"))
    yield from document_parts(
        "an ODT", document.builder, options.split, title=document.title, other_title=meta_title, pictures=pictures
    )


class _Document:
    """Collects the text of a document's body; `title` is the first paragraph in the style of titles."""

    def __init__(self) -> None:
        self.builder = BlockBuilder()
        self.title: str | None = None

    def read(self, parent: Element | None) -> None:
        """Read the children of the body, or of what wraps paragraphs and tables."""
        for node in [] if parent is None else parent:
            tag = local_name(node)
            if tag in ("p", "h"):
                self._read_paragraph(node, is_heading=tag == "h")
            elif tag == "list":
                self._read_list(node)
                self.builder.end_lines()
            elif tag == "table":
                self._read_table(node)
            elif tag not in _NO_TEXT:
                self.read(node)

    def _read_paragraph(self, paragraph: Element, *, is_heading: bool) -> None:
        text, boxes = _text(paragraph)
        self.builder.add(text, _level(paragraph) if is_heading else 0)
        if self.title is None and attribute(paragraph, "style-name") == "Title":
            self.title = " ".join(text.split()) or None
        for box in boxes:
            self.read(box)

    def _read_list(self, node: Element) -> None:
        for item in node:
            mark = "- "
            for inner in item:
                tag = local_name(inner)
                if tag == "list":
                    self._read_list(inner)
                elif tag == "h":
                    # Chapters that are numbered are items of a list.
                    self._read_paragraph(inner, is_heading=True)
                elif tag == "p":
                    self.builder.add_line(_text(inner)[0], mark=mark)
                    mark = ""

    def _read_table(self, table: Element) -> None:
        rows = [_cells(row) for row in table.iter("{*}table-row") if next(row.iterancestors("{*}table")) is table]
        add_table(self.builder, rows, read=self.read, words_of=_words_of_cell)


def _meta_title(archive: ZipFile) -> str | None:
    root = parse_xml_if_whole(read_member(archive, _META))
    return None if root is None else words_in(next(root.iter(_TITLE), None)) or None


def _level(heading: Element) -> int:
    value = attribute(heading, "outline-level") or ""
    return min(max(int(value), 1), _LOWEST) if value.isdecimal() and len(value) < 3 else 1


def _text(element: Element) -> tuple[str, list[Element]]:
    """Return the text of a paragraph, and the text boxes that hang on it."""
    pieces: list[str] = []
    boxes: list[Element] = []

    def walk(node: Element) -> None:
        # A line end of the file is a blank of the text.
        pieces.append((node.text or "").replace("\n", " "))
        for inner in node:
            tag = local_name(inner)
            if tag == "s":
                count = attribute(inner, "c") or "1"
                pieces.append(" " * (min(int(count), _MOST_SPACES) if count.isdecimal() and len(count) < 10 else 1))
            elif tag in _SIGNS:
                pieces.append(_SIGNS[tag])
            elif tag == "text-box":
                boxes.append(inner)
            elif tag and tag not in _NO_TEXT:
                walk(inner)
            pieces.append((inner.tail or "").replace("\n", " "))

    walk(element)
    return "".join(pieces), boxes


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row if local_name(cell) == "table-cell"]


def _words_of_cell(cell: Element) -> str:
    texts = (_text(paragraph)[0] for paragraph in paragraphs_in(cell, _PARAGRAPHS, _NO_TEXT))
    return " ".join(words for text in texts if (words := " ".join(text.split())))
