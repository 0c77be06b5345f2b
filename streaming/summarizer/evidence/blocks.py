"""Blocks: the paragraphs, list items and turns of a text, and where each character of them stands.

Headings, tables, code, letterheads, greetings and signatures are blocks, too, but no prose.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from streaming.sentences import ends_with_sentence

_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_RULE = re.compile(r"[-=*_~#.+|: \t]{3,}$")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_ITEM = re.compile(
    r"\s*(?:[-*•–+·▪→]|\(?\d{1,3}[.)]|\d{1,3}(?:\.\d{1,3})+[.)]?|\(?[a-zA-Z][.)]|\(?[ivx]{2,4}[.)])[ \t]+(?=\S)"
)
# A numbered paragraph of minutes or a report.
_PARAGRAPH = re.compile(r"\s*\d{1,3}(?:\.\d{1,3})+")
_TABLE = re.compile(r"\s*\|.*\|")
# A row without a mark at its beginning; a sentence may have such gaps, too.
_ROW = re.compile(r".*\|.*\||\s*\S.*\S(?:\t|[ ]{3,})\S.*(?:\t|[ ]{3,})\S")
_COMMAND = re.compile(r"\s*(?:\$|#!|>>>|PS>)\s*\S|\s*</?\w[^<>]*>$")
# Lines of a letterhead, of minutes or of a report that name people, dates and places.
_FIELD = re.compile(
    r"[\s*_]*(?:from|to|cc|bcc|date|sent|subject|re|betreff|von|an|datum|attendees|present|apologies|in attendance|"
    r"members of the public|absent|authors?|author\(s\)|status|severity|reviewed|owner|chair|minutes taken by|"
    r"minutes|secretary|location|place|venue|time|version|tel|phone|fax|e-?mail|signed|next meeting|distribution|"
    r"see also)\b[^:.!?\n]{0,25}:[*_]*(?:\s|$)|[\s*_]*(?:figure|table|fig)\.?\s*\d",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|lieber?|sehr geehrte\w*|guten (?:morgen|tag))\b"
    r".{0,50}[,!:]?$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:with )?(?:best|kind|warm|many|all the)?\s*(?:regards|wishes|thanks|best|cheers|sincerely|greetings)"
    r"|yours(?: \w+)?|thank you|thanks\b.{0,40}|mit freundlichen grüßen|(?:viele|liebe|beste) grüße)\s*[,.!]?$",
    re.IGNORECASE,
)
_SIGNATURE = "--"
_ATTRIBUTION = re.compile(
    r"(?:on|am|le)\b.{5,120}\b(?:wrote|schrieb|a écrit)\b.{0,40}:$"
    r"|-+\s*(?:original|forwarded) message\b"
    r"|.{1,60}\bwrote:$",
    re.IGNORECASE,
)
_TURN = re.compile(r"\s*([^\W\d_][\w .'’-]{0,39}?)\s?[:：]\s+(?=\S)")
_FEWEST_TURNS = 4
# A line of a form; the next one begins with a label of its own.
_LABEL = re.compile(r"[A-Z][\w/ -]{0,30}:\s")
# A shorter line that is followed by a capital letter ends its paragraph: text is wrapped later than that.
_WRAPPED = 50
# A line that is this much deeper than the one before it belongs to another block, in characters.
_INDENTED = 2
# A line without a full stop and of fewer words is a heading, a label or a part of a form.
_LONGEST_HEADING = 14


@dataclass
class Block:
    """Lines of a text that belong together, without their marks: `content`.

    `depth` counts the marks of quotation before each line, `speaker` said it, `item` tells whether it is of a list, and
    `paragraph` whether it is one that has a number as paragraphs of minutes have ("3.2").
    `heading` is the line above it that names its section. What is no `prose` holds no sentence to take.
    """

    depth: int = 0
    speaker: str | None = None
    item: bool = False
    heading: str = ""
    prose: bool = True
    paragraph: bool = False
    _lines: list[str] = field(default_factory=list)
    _contents: list[int] = field(default_factory=list)
    _sources: list[int] = field(default_factory=list)
    _length: int = 0

    def add(self, text: str, source: int) -> None:
        """Add a line, or the rest of one, that stands at `source` in the text."""
        self._lines.append(text)
        self._contents.append(self._length)
        self._sources.append(source)
        self._length += len(text) + 1

    @cached_property
    def content(self) -> str:
        """The lines, once all are added."""
        return "\n".join(self._lines)

    def source(self, position: int) -> int:
        """Return the position in the text of a position in the content."""
        line = bisect_right(self._contents, position) - 1
        return self._sources[line] + position - self._contents[line]


@dataclass(frozen=True)
class _Line:
    text: str
    start: int
    depth: int

    @property
    def plain(self) -> str:
        return self.text.strip()

    @property
    def blank(self) -> bool:
        return not self.plain

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip())


def blocks(text: str) -> list[Block]:
    """Cut `text` into blocks, in its order."""
    lines = list(_lines(text))
    speakers = _speakers(lines)
    result: list[Block] = []
    current: Block | None = None
    heading = ""
    fenced = signed = False
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else None
        before = lines[number - 1] if number else None
        if _FENCE.match(line.text):
            fenced, current = not fenced, None
            continue
        if before is not None and before.depth != line.depth and not line.blank:
            current, signed = None, False
        if line.plain == _SIGNATURE or (_CLOSING.match(line.plain) and _ends_letter(lines, number)):
            signed = True
        if fenced or signed or line.blank or _is_no_prose(line, before, following):
            # A letter ends with its signature, and the next one begins with who wrote it.
            signed = signed and not _ATTRIBUTION.match(line.plain)
            current = None
            if line.blank or _RULE.match(line.text):
                continue
            if not (fenced or signed):
                heading = line.text.strip(" \t#*_:")
            aside = Block(line.depth, prose=False, heading=heading)
            aside.add(line.text[line.indent :], line.start + line.indent)
            result.append(aside)
            continue
        turn = _TURN.match(line.text)
        item = _ITEM.match(line.text)
        if turn and turn[1] in speakers:
            current = Block(line.depth, speaker=turn[1], heading=heading)
            result.append(current)
            current.add(line.text[turn.end() :], line.start + turn.end())
        elif item:
            current = Block(line.depth, item=True, heading=heading)
            current.paragraph = _PARAGRAPH.match(line.text) is not None
            result.append(current)
            current.add(line.text[item.end() :], line.start + item.end())
        else:
            if current is None or before is None or _breaks(current, before, line):
                current = Block(line.depth, heading=heading)
                result.append(current)
            current.add(line.text[line.indent :], line.start + line.indent)
    return result


def is_greeting(line: str) -> bool:
    """Tell whether a line opens a letter."""
    return _GREETING.match(line) is not None


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for raw in text.splitlines(keepends=True):
        quote = _QUOTE.match(raw)
        skipped = quote.end() if quote else 0
        yield _Line(raw[skipped:].rstrip(), start + skipped, raw[:skipped].count(">"))
        start += len(raw)


def _speakers(lines: Sequence[_Line]) -> frozenset[str]:
    """Return the names before turns, of a text that is mostly turns of several people."""
    counts = Counter(turn[1] for line in lines if (turn := _TURN.match(line.text)) and len(turn[1].split()) <= 4)
    names = {name for name, count in counts.items() if count > 1}
    turns = sum(counts[name] for name in names)
    filled = sum(not line.blank for line in lines)
    return frozenset(counts) if len(names) > 1 and turns >= _FEWEST_TURNS and 2 * turns > filled else frozenset()


def _is_no_prose(line: _Line, before: _Line | None, following: _Line | None) -> bool:
    text = line.text
    if _RULE.match(text) or _HEADING.match(text) or _TABLE.match(text) or _COMMAND.match(text):
        return True
    if is_greeting(line.plain) or _ATTRIBUTION.match(line.plain) or _FIELD.match(text):
        return True
    if ends_with_sentence(text):
        return False
    if _ROW.match(text):
        return True
    if len(text.split()) > _LONGEST_HEADING:
        return False
    # A heading stands alone, over a rule, or is numbered and stands over a line that begins anew.
    if following is None or following.blank:
        return (before is None or before.blank) and not _ITEM.match(text)
    if _RULE.match(following.text):
        return True
    numbered = bool(_ITEM.match(text)) and not _ITEM.match(following.text)
    return numbered and following.indent <= line.indent and _begins(following.text)


def _ends_letter(lines: Sequence[_Line], number: int) -> bool:
    """Tell whether a closing formula is followed by a name, not by more of the letter."""
    rest = [line for line in lines[number + 1 : number + 3] if not line.blank]
    return not rest or not ends_with_sentence(rest[0].text)


def _breaks(block: Block, before: _Line, line: _Line) -> bool:
    """Tell whether a block ends between two lines that no blank line separates."""
    if line.indent < before.indent and not (block.item and _ITEM.match(before.text)):
        return True
    if line.indent - before.indent >= _INDENTED and not block.item:
        return True
    if _LABEL.match(before.plain) and _LABEL.match(line.plain):
        return True
    if ends_with_sentence(before.text) or len(before.text.strip()) >= _WRAPPED:
        return False
    return _begins(line.text) and not (block.item and line.indent > before.indent)


def _begins(text: str) -> bool:
    """Tell whether a line may begin a sentence."""
    return not text.lstrip("*_\"'“‘( \t")[:1].islower()
