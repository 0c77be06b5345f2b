"""Reads Markdown: the text as it stands, and its headings, where a long text is cut.

`auto` makes a part of each chapter when there are two headings of the first level or more; `headings` cuts at the
highest level that occurs more than once. A part has its heading in its text, and as its title; what stands above the
first one is a part of its own when it says something. The title of a text that stays whole is that of its front matter
(YAML between lines of "---", which is no text), else its first heading.

markdown-it finds the headings, so a "#" in a block of code is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.plain_text import read_plain_text
from producers.formats.split import Split

# Editors write the title of a text, its author and its date there: a few lines.
_LONGEST_FRONT_MATTER = 16_384
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class _Heading:
    """A heading: its level from 1 to 6, its words, and the number of its line from 0."""

    level: int
    title: str
    line: int


def read_markdown(path: Path, options: ReadOptions) -> Iterator[Part]:
    """Yield the parts of a Markdown file; raises `BadInput` with what it is when it is no text."""
    # What is no text as it stands (an encoding, a page of HTML) is no Markdown either.
    for plain in read_plain_text(path, options):
        front, text = _front_matter(plain.text)
        headings = _headings(text)
        name = front or plain.title or (headings[0].title if headings else None)
        level = _level(headings, options.split)
        if level is None:
            yield Part(text, name, metadata=plain.metadata)
        else:
            above = [heading for heading in headings if heading.level < level]
            document = front or (above[0].title if above else None)
            metadata = plain.metadata | ({"document": document} if document else {})
            cuts = [heading for heading in headings if heading.level == level]
            yield from _parts(text, headings, cuts, metadata)


def _level(headings: Sequence[_Heading], split: Split) -> int | None:
    """Return the level of the headings at which a text is cut; None: it stays whole."""
    amounts = Counter(heading.level for heading in headings)
    if split.argument == "headings":
        return min((level for level, amount in amounts.items() if amount > 1), default=None)
    return 1 if split.argument != "none" and amounts[1] > 1 else None


def _parts(
    text: str, headings: Sequence[_Heading], cuts: Sequence[_Heading], metadata: dict[str, str]
) -> Iterator[Part]:
    lines = text.split("\n")
    numbers = {heading.line for heading in headings}
    above = [line for number, line in enumerate(lines[: cuts[0].line]) if number not in numbers]
    # Below a setext heading stands its rule, which says nothing either.
    if any(character.isalnum() for line in above for character in line):
        yield Part("\n".join(lines[: cuts[0].line]).strip("\n"), metadata.get("document"), "0", metadata=metadata)
    ends = [*(heading.line for heading in cuts[1:]), len(lines)]
    for number, (heading, end) in enumerate(zip(cuts, ends, strict=True), start=1):
        part = "\n".join(lines[heading.line : end]).strip("\n")
        yield Part(part, heading.title or None, str(number), metadata=metadata)


def _headings(text: str) -> list[_Heading]:
    """Return the headings that divide a text: those in a list or a quotation do not."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [
        _Heading(int(token.tag[1:]), _words(inline), token.map[0])
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map is not None
    ]


def _words(inline: Token) -> str:
    """Return what a heading says, without emphasis and addresses of links."""
    pieces = [token.content if token.content else " " for token in inline.children or () if token.type in _SAID]
    return " ".join("".join(pieces).split())


_SAID = frozenset({"text", "code_inline", "softbreak", "hardbreak", "image", "text_special"})


def _front_matter(text: str) -> tuple[str | None, str]:
    """Return the title in the front matter of a text, and the text below; a text may also begin with a rule."""
    match = _FRONT_MATTER.match(text, 0, _LONGEST_FRONT_MATTER)
    if match is None:
        return None, text
    try:
        fields: Any = yaml.safe_load(match["yaml"] or "")
    except (yaml.YAMLError, ValueError, RecursionError):
        return None, text
    if not isinstance(fields, dict):
        return None, text
    title = fields.get("title")
    words = str(title).strip() if isinstance(title, str | int | float) else ""
    return words or None, text[match.end() :].lstrip("\n")
