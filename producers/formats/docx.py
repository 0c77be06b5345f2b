"""Reads a DOCX: its paragraphs, lists and tables in order, as they stand when all changes are accepted.

Headers, footers, notes, comments, deleted and hidden text are left out, and pictures, which are counted. A document may
name others (a template, a picture, data); none of them is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from producers.formats.blocks import BlockBuilder
from producers.formats.docx_styles import Style, read_styles
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

_MAIN = "word/document.xml"
# Deleted text, the code of a field, the reading of a Chinese character beside it, and the older form of a drawing.
_NO_TEXT = frozenset({"del", "moveFrom", "instrText", "fldData", "rt", "Fallback", "rPr", "pPr", "sdtPr"})
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_PICTURES = frozenset({"blip", "imagedata"})
_PARAGRAPHS = frozenset({"p"})
_CONTENTS = "Table of Contents"


def read_docx(path: Path, options: ReadOptions) -> Iterator[Part]:
    """Yield the text of a document; raises `BadInput` when it has none."""
    with open_zip(path) as archive:
        raw = read_member(archive, _MAIN)
        if raw is None:
            raise BadInput(f"a damaged DOCX: it has no {_MAIN}", type="Broken")
        root = parse_xml(raw, name=_MAIN)
        document = _Document(read_styles(read_member(archive, "word/styles.xml")))
        core_title = _core_title(archive)
    document.read(child(root, "body"))
    pictures = sum(local_name(node) in _PICTURES for node in root.iter("{*}blip", "{*}imagedata"))
    yield from document_parts(
        "a DOCX", document.builder, options.split, title=document.title, other_title=core_title, pictures=pictures
    )


class _Document:
    """Collects the text of a document's body; `title` is the first paragraph in the style of titles."""

    def __init__(self, styles: dict[str, Style]) -> None:
        self.builder = BlockBuilder()
        self.title: str | None = None
        self._styles = styles

    def read(self, parent: Element | None) -> None:
        """Read the children of the body, or of what wraps paragraphs and tables."""
        for node in [] if parent is None else parent:
            tag = local_name(node)
            if tag == "p":
                self._read_paragraph(node)
            elif tag == "tbl":
                self._read_table(node)
            elif tag == "sdt":
                gallery = child(node, "sdtPr", "docPartObj", "docPartGallery")
                if gallery is None or attribute(gallery, "val") != _CONTENTS:
                    self.read(child(node, "sdtContent"))
            elif tag not in _NO_TEXT:
                self.read(node)

    def _read_paragraph(self, paragraph: Element) -> None:
        properties = child(paragraph, "pPr")
        style_node = child(properties, "pStyle")
        style = self._styles.get("" if style_node is None else attribute(style_node, "val") or "", Style())
        if style.is_contents:
            return
        text, boxes = _text(paragraph)
        level = _level(properties) or style.level
        if level:
            self.builder.add(text, level)
        elif _in_list(properties, style):
            self.builder.add_line(text, mark="- ")
        else:
            self.builder.add(text)
        if style.is_title and self.title is None:
            self.title = " ".join(text.split()) or None
        for box in boxes:
            self.read(box)

    def _read_table(self, table: Element) -> None:
        rows = [_cells(row) for row in table.iter("{*}tr") if _table_of(row) is table]
        add_table(self.builder, rows, read=self.read, words_of=_words_of_cell)


def _core_title(archive: ZipFile) -> str | None:
    root = parse_xml_if_whole(read_member(archive, "docProps/core.xml"))
    return words_in(child(root, "title")) or None


def _level(properties: Element | None) -> int:
    node = child(properties, "outlineLvl")
    value = "" if node is None else attribute(node, "val") or ""
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _in_list(properties: Element | None, style: Style) -> bool:
    node = child(properties, "numPr", "numId")
    return style.in_list if node is None else attribute(node, "val") != "0"


def _text(element: Element) -> tuple[str, list[Element]]:
    """Return the text of a paragraph, and the text boxes that hang on it."""
    pieces: list[str] = []
    boxes: list[Element] = []

    def walk(node: Element) -> None:
        for inner in node:
            tag = local_name(inner)
            if tag == "t":
                pieces.append(inner.text or "")
            elif tag in _SIGNS:
                pieces.append(_SIGNS[tag])
            elif tag == "txbxContent":
                boxes.append(inner)
            elif tag not in _NO_TEXT and not _is_hidden(inner):
                walk(inner)

    walk(element)
    return "".join(pieces), boxes


def _is_hidden(run: Element) -> bool:
    hidden = child(run, "rPr", "vanish")
    return hidden is not None and attribute(hidden, "val") not in ("0", "false", "off")


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row.iter("{*}tc") if next(cell.iterancestors("{*}tr")) is row]


def _table_of(row: Element) -> Element:
    return next(row.iterancestors("{*}tbl"))


def _words_of_cell(cell: Element) -> str:
    texts = (_text(paragraph)[0] for paragraph in paragraphs_in(cell, _PARAGRAPHS, _NO_TEXT))
    return " ".join(words for text in texts if (words := " ".join(text.split())))
