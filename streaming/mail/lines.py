"""The lines of a mail or a post, and which of them are marked as quoted: by ">", by a name before it, or by tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streaming.mail.marks import NAMED_QUOTED, QUOTE_TAG, QUOTED
from streaming.sentences import ends_with_sentence

# Lines with the same name before their mark: one may be an arrow in a text.
_FEWEST_NAMED = 2


@dataclass(frozen=True)
class MailLine:
    """A line as it stands, where it starts in the text, and whether it is marked as quoted."""

    text: str
    start: int
    quoted: bool

    @property
    def end(self) -> int:
        """Where the line ends without its blanks."""
        return self.start + len(self.text.rstrip())

    @property
    def blank(self) -> bool:
        """Whether the line is empty but for blanks."""
        return not self.text.strip()


def mail_lines(text: str) -> list[MailLine]:
    """Return the lines of a text, cut also where a quotation in tags begins and ends."""
    tagged = list(_tagged(text))
    edges = sorted({edge for span in tagged for edge in span})
    who = _quoted_name(text)
    result, start, edge, span = list[MailLine](), 0, 0, 0
    for line in text.splitlines(keepends=True):
        end = start + len(line)
        while start < end:
            while edge < len(edges) and edges[edge] <= start:
                edge += 1
            stop = min(end, edges[edge]) if edge < len(edges) else end
            while span < len(tagged) and tagged[span][1] <= start:
                span += 1
            part = text[start:stop]
            named = NAMED_QUOTED.match(part) if who else None
            in_tags = span < len(tagged) and tagged[span][0] <= start
            quoted = in_tags or QUOTED.match(part) is not None or (named is not None and named["who"] == who)
            result.append(MailLine(part, start, quoted))
            start = stop
    return result


def _tagged(text: str) -> Iterator[tuple[int, int]]:
    """Yield the outermost quotations in tags; one that is not closed is none."""
    opened: list[int] = []
    closed: list[tuple[int, int]] = []
    for tag in QUOTE_TAG.finditer(text):
        if tag["opens"]:
            opened.append(tag.start())
        elif opened:
            closed.append((opened.pop(), tag.end()))
    last = 0
    for start, end in sorted(closed):
        if start >= last:
            yield start, end
            last = end


def _quoted_name(text: str) -> str | None:
    """Return the name before the marks of what is quoted; None for a chat of several, and for a prompt."""
    if ">" not in text:
        return None
    lines = [match for line in text.splitlines() if (match := NAMED_QUOTED.match(line))]
    names = {line["who"] for line in lines}
    # What a person wrote has sentences; commands have none.
    said = sum(ends_with_sentence(line["said"]) for line in lines)
    return names.pop() if len(lines) >= _FEWEST_NAMED and len(names) == 1 and said else None


def next_line(lines: Sequence[MailLine], number: int) -> int:
    """Return the number of the first line from `number` on that is not blank."""
    while number < len(lines) and lines[number].blank:
        number += 1
    return number
