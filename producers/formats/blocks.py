"""The text of a formatted document as its paragraphs and headings, and the parts that --split makes of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from producers.formats.part import Part
from producers.formats.split import Split


@dataclass(frozen=True)
class Block:
    """A paragraph, a row of a table, or a heading; of a heading `level` counts from 1, the highest."""

    text: str
    level: int = 0


def join_blocks(blocks: Iterable[Block]) -> str:
    """Return the text of `blocks`, with a blank line between two."""
    return "\n\n".join(block.text for block in blocks)


def parts_of(blocks: list[Block], split: Split, *, title: str | None, metadata: dict[str, str]) -> Iterator[Part]:
    """Yield a document whole, or where `split` says so at the highest level of headings that occurs more than once.

    The text before the first such heading is a part of its own, if there is any.
    """
    level = _level(blocks) if split.argument == "headings" else 0
    if not level:
        yield Part(join_blocks(blocks), title=title, metadata=metadata)
        return
    starts = [index for index, block in enumerate(blocks) if block.level == level]
    bounds = ([0] if starts[0] else []) + [*starts, len(blocks)]
    for number, (start, end) in enumerate(pairwise(bounds), start=1):
        name = blocks[start].text if blocks[start].level == level else title
        yield Part(join_blocks(blocks[start:end]), title=name, name=str(number), metadata=metadata)


def _level(blocks: list[Block]) -> int:
    counts = Counter(block.level for block in blocks if block.level)
    return min((level for level, count in counts.items() if count > 1), default=0)
