"""Fences: blocks that a text marks as code, where most of their lines are code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import regex

from streaming.summarizer.readable.lines import Stretch

_FENCE = regex.compile(r"\s*(?:```|~~~)")


def fenced(text: str, lines: Sequence[Stretch]) -> list[Stretch]:
    """Return the lines of a text; the comments within a fenced block of code are code, too."""
    result: list[Stretch] = []
    inside: list[Stretch] | None = None
    for line in lines:
        if _FENCE.match(text, line.start, line.end):
            result += _as_code(text, inside or [])
            # Two blocks are two programs.
            result.append(replace(line, blank=False))
            inside = [] if inside is None else None
        elif inside is None:
            result.append(line)
        else:
            inside.append(line)
    return result + (inside or [])


def _as_code(text: str, lines: Sequence[Stretch]) -> Iterator[Stretch]:
    code = sum(line.amount for line in lines if line.kind == "code")
    words = sum(line.end - line.start for line in lines if line.kind is None)
    for line in lines:
        if line.kind is None and not line.blank and code > words:
            yield replace(line, kind="code", amount=sum(map(len, text[line.start : line.end].split())))
        else:
            yield line
