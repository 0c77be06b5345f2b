"""The values of --split, which say how a file becomes documents.

    auto       by the file's own structure: a book by chapter, a mailbox by mail, a table by row; a text stays whole
    none       whole
    headings   at the headings of the highest level that occurs more than once
    pages:N    a PDF in ranges of N pages; every other file as with auto
    REGEX      at each line that begins with it

A regular expression is applied here, to the text of any format; the other values are for the formats' readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from producers.formats.part import Part, PartRefusal
from streaming.errors import BadInput, UsageError

_PAGES = re.compile(r"pages:0*([1-9]\d*)")
# What is meant for the words above, and would else be taken for the beginning of a line.
_NEARLY_PAGES = re.compile(r"pages\s*[:=]?\s*-?\d*|page\s*[:=]\s*\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Split:
    """A value of --split; make one with `parse`. `heading` is its regular expression, `pages` its number of pages."""

    argument: str
    heading: re.Pattern[str] | None = None
    pages: int | None = None

    @classmethod
    def parse(cls, argument: str) -> Split:
        """Read the value of --split; raises `UsageError`."""
        if argument.lower() in ("auto", "none", "headings"):
            return cls(argument.lower())
        if match := _PAGES.fullmatch(argument):
            return cls(argument, pages=int(match[1]))
        if argument.startswith("pages:") or _NEARLY_PAGES.fullmatch(argument):
            raise UsageError(f"--split pages:N takes a number of pages, as in pages:20, not '{argument}'.")
        try:
            return cls(argument, heading=re.compile(argument))
        except re.error as error:
            raise UsageError(
                "--split takes 'auto', 'none', 'headings', 'pages:N' or a regular expression; "
                f"'{argument}' is none: {error}."
            ) from error


AUTO = Split("auto")
WHOLE = Split("none")


def split_at_lines(parts: Iterable[Part | PartRefusal], heading: re.Pattern[str]) -> Iterator[Part | PartRefusal]:
    """Cut each part before each line that begins with `heading`; the text before the first such line is left out.

    Raises `BadInput` when there is no such line.
    """
    number = 0
    for part in parts:
        if isinstance(part, PartRefusal):
            yield part
            continue
        for text in _texts(part.text, heading):
            number += 1
            yield replace(part, text=text, title=None, name=str(number))
    if not number:
        raise BadInput(f"no line begins with '{heading.pattern}'", type="NoText")


def _texts(text: str, heading: re.Pattern[str]) -> list[str]:
    starts: list[int] = []
    position = 0
    for line in text.splitlines(keepends=True):
        if heading.match(line):
            starts.append(position)
        position += len(line)
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=False)]
