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
    """A paragraph, a list, a table, or a heading; of a heading `level` counts from 1, the highest."""

    text: str
    level: int = 0


class BlockBuilder:
    """Collects blocks. Items of a list and rows of a table are lines of one block."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._in_lines = False

    def add(self, text: str, level: int = 0) -> None:
        """Add a paragraph, or a heading of a level, which is one line; nothing where there is no text."""
        lines = tidy_lines(text)
        if lines:
            self.blocks.append(Block((" " if level else "\n").join(lines), level))
            self._in_lines = False

    def add_line(self, text: str, *, mark: str = "") -> None:
        """Add a row, or an item of a list, which begins with `mark`, to the block of those before it."""
        line = " ".join(text.split())
        if not line:
            return
        if self._in_lines:
            self.blocks[-1] = Block(f"{self.blocks[-1].text}\n{mark}{line}")
        else:
            self.blocks.append(Block(mark + line))
        self._in_lines = True

    def end_lines(self) -> None:
        """Let the next line begin a block of its own."""
        self._in_lines = False


def tidy_lines(text: str) -> list[str]:
    """Return the lines of `text` that have words, with single spaces."""
    return [line for row in text.split("\n") if (line := " ".join(row.split()))]


def join_blocks(blocks: Iterable[Block]) -> str:
    """Return the text of `blocks`, with a blank line between two."""
    return "\n\n".join(block.text for block in blocks)


def parts_of(blocks: list[Block], split: Split, *, title: str | None, metadata: dict[str, str]) -> Iterator[Part]:
    """Yield a document whole, or where `split` says so at the highest level of headings that occurs more than once.

    The text before the first such heading is a part of its own, "0", if there is any.
    """
    level = _level(blocks) if split.argument == "headings" else 0
    if not level:
        yield Part(join_blocks(blocks), title=title, metadata=metadata)
        return
    starts = [index for index, block in enumerate(blocks) if block.level == level]
    bounds = ([0] if starts[0] else []) + [*starts, len(blocks)]
    for number, (start, end) in enumerate(pairwise(bounds), start=0 if starts[0] else 1):
        heading = blocks[start].text if blocks[start].level == level else None
        text = join_blocks(blocks[start:end])
        yield Part(text, title=full_title(title, heading), name=str(number), metadata=metadata)


def full_title(title: str | None, of_part: str | None) -> str | None:
    """Return the title of a part of a document: with that of the document before it."""
    return ", ".join(dict.fromkeys(filter(None, (title, of_part)))) or None


def _level(blocks: list[Block]) -> int:
    counts = Counter(block.level for block in blocks if block.level)
    return min((level for level, count in counts.items() if count > 1), default=0)
