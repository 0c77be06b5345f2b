"""What stands below the message of a mail: signatures, disclaimers, and what a mailing list adds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streaming.mail.lines import MailLine, next_line
from streaming.mail.marks import DISCLAIMER, LIST_FOOTER, LIST_RULE, SENT_FROM, SIGNATURE
from streaming.sentences import ends_with_sentence

# Lines of a signature, or below the rule of a mailing list.
_LONGEST_SIGNATURE = 12


def find_signatures(lines: Sequence[MailLine], last: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of signatures, disclaimers and what a mailing list puts below a mail."""
    for number, line in enumerate(lines):
        if number and LIST_RULE.match(line.text) and (below := _list_footer(lines, number, last)):
            yield number, below
            continue
        if SIGNATURE.match(line.text.rstrip("\r\n")) and number:
            end = number + 1
            most = min(last, number + _LONGEST_SIGNATURE + 1)
            while end < most and not lines[end].quoted and not lines[end].blank:
                end += 1
            if end - number <= _LONGEST_SIGNATURE and not any(
                ends_with_sentence(item.text) for item in lines[number:end]
            ):
                yield number, end
        elif SENT_FROM.match(line.text):
            yield number, number + 1
    for first, end in _paragraphs(lines):
        paragraph = " ".join(line.text.strip() for line in lines[first:end])
        if first and all(pattern.search(paragraph) for pattern in DISCLAIMER):
            yield first, end


def _list_footer(lines: Sequence[MailLine], rule: int, last: int) -> int | None:
    """Return the line after what a mailing list puts below a rule; None when it is none, or a message follows."""
    end = rule + 1
    most = min(last, rule + _LONGEST_SIGNATURE + 1)
    while end < most and not lines[end].quoted and not lines[end].blank:
        end += 1
    following = next_line(lines, end)
    ends = following >= last or lines[following].quoted or LIST_RULE.match(lines[following].text) is not None
    words = " ".join(line.text.strip() for line in lines[rule + 1 : end])
    return end if ends and LIST_FOOTER.search(words) else None


def _paragraphs(lines: Sequence[MailLine]) -> Iterator[tuple[int, int]]:
    first = None
    for number, line in enumerate(lines):
        if line.blank and first is not None:
            yield first, number
            first = None
        elif not line.blank and first is None:
            first = number
    if first is not None:
        yield first, len(lines)
