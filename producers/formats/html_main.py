"""The main text of a page as trafilatura finds it: its headings, paragraphs, lists and tables in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

import trafilatura
from trafilatura.settings import Document

from producers.formats.blocks import Block, BlockBuilder
from producers.formats.xml_tree import Element, local_name, words_in

_LEVEL = re.compile(r"h([1-6])")
# Of a heading that does not say its level.
_USUAL_LEVEL = 2
# Behind the headings of manuals.
_PERMALINK = "\N{PILCROW SIGN}"
# Characters; people repeat shorter lines.
_SHORTEST_TWICE = 60
_PARAGRAPHS = frozenset({"p", "quote", "ab", "code"})


def main_blocks(page: str) -> list[Block]:
    """Return the main text of a page, without what readers wrote below it; none where there is no main text."""
    builder = BlockBuilder()
    body, _ = _extract(page, with_comments=False)
    if body is not None:
        _read(body, builder)
    return list(_once(builder.blocks))


def _once(blocks: list[Block]) -> Iterator[Block]:
    """Yield blocks without those that the next one has, too: trafilatura gives the first post of some forums twice."""
    for block, following in zip_longest(blocks, blocks[1:]):
        if following is None or block.level or len(block.text) < _SHORTEST_TWICE or block.text not in following.text:
            yield block


def length_with_comments(page: str) -> int:
    """Return how many characters the main text has together with what readers wrote below it."""
    return sum(len(words_in(body)) for body in _extract(page, with_comments=True))


def _extract(page: str, *, with_comments: bool) -> tuple[Element | None, Element | None]:
    """Return the elements of the main text and of the comments."""
    # Less precise, because a menu in a text costs less than a missing section.
    content = trafilatura.bare_extraction(page, favor_recall=True, include_comments=with_comments, with_metadata=False)
    return (content.body, content.commentsbody) if isinstance(content, Document) else (None, None)


def _read(parent: Element, builder: BlockBuilder) -> None:
    builder.add(parent.text or "")
    for node in parent:
        tag = local_name(node)
        if tag == "head":
            level = _LEVEL.fullmatch(node.get("rend") or "")
            builder.add(_text(node), int(level[1]) if level else _USUAL_LEVEL)
        elif tag in _PARAGRAPHS:
            builder.add(_text(node, lines=tag == "code"))
        elif tag == "list":
            for item in node.iter("item"):
                builder.add_line(_text(item, without=("list",)), mark="- ")
            builder.end_lines()
        elif tag == "table":
            for row in node.iter("row"):
                builder.add_line(" | ".join(filter(None, (words_in(cell) for cell in row.iter("cell")))))
            builder.end_lines()
        elif tag:
            _read(node, builder)
        builder.add(" ".join((node.tail or "").split()))


def _text(element: Element, *, lines: bool = False, without: tuple[str, ...] = ()) -> str:
    """Return the text of a paragraph; only its breaks are line ends, or with `lines` those of its source, too."""
    pieces = [element.text or ""]
    for node in element:
        tag = local_name(node)
        if tag == "lb":
            pieces.append("\v")
        elif tag not in without:
            inner = _text(node, lines=lines, without=without).replace("\n", "\v")
            pieces.append(f" {inner} " if tag in _PARAGRAPHS and tag != "code" else inner)
        pieces.append(node.tail or "")
    text = "".join(pieces)
    return (text if lines else text.replace("\n", " ")).replace("\v", "\n").removesuffix(_PERMALINK)
