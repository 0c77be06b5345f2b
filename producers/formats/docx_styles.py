"""What the styles of a DOCX say of a paragraph: a heading, the title, an item of a list, a line of the contents."""

from __future__ import annotations

import re
from dataclasses import dataclass

from producers.formats.xml_tree import Element, attribute, child, parse_xml_if_whole

_HEADING = re.compile(r"heading ([1-9])")
# Styles stand on others; longer rows are circles.
_LONGEST = 20


@dataclass(frozen=True)
class Style:
    """What a style of paragraphs says; `level` is that of a heading, 0 for other paragraphs."""

    level: int = 0
    in_list: bool = False
    is_title: bool = False
    is_contents: bool = False


def read_styles(raw: bytes | None) -> dict[str, Style]:
    """Return the styles of word/styles.xml by their ids; none when the file is missing or damaged."""
    root = parse_xml_if_whole(raw)
    if root is None:
        return {}
    nodes = {attribute(node, "styleId") or "": node for node in root.iter("{*}style")}
    return {style_id: _read(node, nodes) for style_id, node in nodes.items()}


def _read(node: Element, nodes: dict[str, Element]) -> Style:
    name = (_value(node, "name") or "").lower()
    if heading := _HEADING.fullmatch(name):
        return Style(level=int(heading[1]))
    if name == "title" or name.startswith("toc "):
        return Style(is_title=name == "title", is_contents=name != "title")
    level, in_list = None, False
    base: Element | None = node
    for _ in range(_LONGEST):
        if base is None:
            break
        outline = _value(base, "pPr", "outlineLvl") or ""
        if level is None and outline.isdecimal():
            level = int(outline) + 1
        in_list = in_list or child(base, "pPr", "numPr") is not None
        if heading := _HEADING.fullmatch((_value(base, "name") or "").lower()):
            level = level or int(heading[1])
        base = nodes.get(_value(base, "basedOn") or "")
    return Style(level=level if level and level <= 9 else 0, in_list=in_list)


def _value(node: Element, *path: str) -> str | None:
    found = child(node, *path)
    return None if found is None else attribute(found, "val")
