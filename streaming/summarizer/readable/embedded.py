"""Embedded files: data URIs and SVG drawings within a text, each with the marks that place it there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from streaming.summarizer.readable.kinds import Kind

# A shorter one is an example in a text about data URIs, or a single pixel. It ends with a space, a quotation mark or
# a bracket.
_DATA = (
    r"\b(?i:data):(?:[\w.+-]{1,60}/[\w.+-]{1,80})?+(?:;[\w=.-]{1,60}+){0,4}+,(?:[\w+/=%.:;!$&*~@?#,|'-]|\\[\\\"nrt/u])"
    r"{24,}+"
)
# A picture of Markdown says in brackets what it shows, and its address may be in a note. A tag says nothing.
_PLACED = regex.compile(
    rf"(?P<before>!?\[)(?P<says>[^\[\]\n]{{0,300}}+)(?P<after>\]\(\s{{0,8}}<?{_DATA}>?(?:\s+\"[^\"\n]{{0,300}}\")?\s{{0,8}}\)?)"
    rf"|(?P<note>(?m:^)[ \t]{{0,3}}\[[^\[\]\n]{{1,80}}+\]:[ \t]*<?{_DATA}>?)"
    rf"|(?P<tag><\w{{1,20}}+(?:\s[^<>\"'=]{{0,40}}+=(?:\"[^\"<>]{{0,300}}\"|'[^'<>]{{0,300}}')){{0,10}}?"
    rf"\s[^<>\"'=]{{0,40}}+=[\"']\s{{0,8}}{_DATA}[\"']?[^<>]{{0,500}}+>?)"
    rf"|(?P<bare>{_DATA})"
)
_PATH = regex.compile(r"\b(?:d|points)=([\"'])[\sMmLlHhVvCcSsQqTtAaZzeE0-9.,+-]{80,}+\1?")


@dataclass(frozen=True)
class Embedded:
    """Characters `start` to `end` of a text that are an embedded file; an `inner` one stands between words."""

    start: int
    end: int
    kind: Kind
    inner: bool = False


def embedded(text: str) -> Iterator[Embedded]:
    """Yield the embedded files of a text, in no order, without overlaps; takes time in proportion to its length."""
    if "data:" in text.lower():
        for match in _PLACED.finditer(text):
            if match["after"] is not None:
                yield Embedded(*match.span("before"), "encoded")
                yield Embedded(*match.span("after"), "encoded")
            else:
                yield Embedded(*match.span(), "encoded", inner=match["bare"] is not None)
    lower = text.lower()
    end = 0
    while (start := lower.find("<svg", end)) >= 0 and (close := lower.find("</svg>", start)) >= 0:
        yield from (Embedded(*match.span(), "drawing") for match in _PATH.finditer(text, end, start))
        end = close + len("</svg>")
        yield Embedded(start, end, "drawing")
    yield from (Embedded(*match.span(), "drawing") for match in _PATH.finditer(text, end))
