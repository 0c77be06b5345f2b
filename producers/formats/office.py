"""What DOCX and ODT have in common: how a table becomes text, and the parts of a document that has been read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from producers.formats.blocks import BlockBuilder, parts_of
from producers.formats.part import Part
from producers.formats.split import Split
from producers.formats.xml_tree import Element
from streaming.errors import BadInput
from streaming.wording import counted


def add_table(
    builder: BlockBuilder,
    rows: Sequence[Sequence[Element]],
    *,
    read: Callable[[Element], None],
    words_of: Callable[[Element], str],
) -> None:
    """Add a table's rows as lines, cells between bars; `read` reads the cells of one column, a frame around text."""
    builder.end_lines()
    if max(map(len, rows), default=0) <= 1:
        for cell in (cell for row in rows for cell in row):
            read(cell)
        return
    for row in rows:
        builder.add_line(" | ".join(filter(None, map(words_of, row))))
    builder.end_lines()


def document_parts(
    kind: str, builder: BlockBuilder, split: Split, *, title: str | None, other_title: str | None, pictures: int
) -> Iterator[Part]:
    """Yield the parts of a document of this kind ("a DOCX"); raises `BadInput` when it has no text.

    Without a `title` in its text it has the `other_title` of its properties, unless it begins with a heading.
    """
    left_out = counted(pictures, "picture") if pictures else ""
    blocks = builder.blocks
    if not blocks:
        raise BadInput(f"{kind} without text{f': it has {left_out}' if left_out else ''}", type="NoText")
    title = title or (None if blocks[0].level else other_title)
    yield from parts_of(blocks, split, title=title, metadata={"left_out": left_out} if left_out else {})
