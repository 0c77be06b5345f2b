"""Mail: what a reply quotes, and what stands below it, in e-mails and posts of forums.

A reply is newer than what it quotes, and often says the opposite. What it quotes is context, not the message; nor are a
signature and a disclaimer. A block quotation of an essay, a forwarded mail, and what a reply of a few words agrees to
("Yes, agreed.") belong to the message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from streaming.mail.lines import MailLine, mail_lines, next_line
from streaming.mail.marks import (
    ASSENTS,
    ATTRIBUTION,
    DATED,
    DAY_ALONE,
    DENIES,
    FIELD,
    FORWARD_SUBJECT,
    FORWARDED,
    GREETING,
    OPENS_ATTRIBUTION,
    OPENS_DENIAL,
    ORIGINAL,
    PARTICLES,
    POINTS_BELOW,
    QUOTATION,
    REPLY_SUBJECT,
    RULE,
    SENDERS,
    SIGNATURE,
    SUBJECTS,
)
from streaming.mail.signatures import find_signatures
from streaming.sentences import ends_with_sentence, length

AsideKind = Literal["quoted", "signature"]
# A reply of fewer words ("Yes, agreed.") says nothing without what it quotes; one of so many that points below it
# ("Please see Bruno's proposal below.") only hands it on.
_SHORTEST_REPLY, _LONGEST_COVER = 4, 25
# Lines of one head: an itinerary has "from", "to" and "date", too, and neither a subject nor an address.
_FEWEST_FIELDS = 3
# Words of a text in which a day alone may say when a mail was written.
_LONGEST_NOTE = 600


@dataclass(frozen=True)
class Aside:
    """Characters `start` to `end` of a mail that are not its message: `quoted`, or its `signature`."""

    start: int
    end: int
    kind: AsideKind


def find_asides(text: str, *, is_reply: bool = False) -> list[Aside]:
    """Return what of a mail is not its message, nothing for any other text; takes time in proportion to its length.

    `is_reply`: its headers say that the text answers a mail, so what is marked as quoted is of that mail.
    """
    lines = mail_lines(text)
    last = _end_of_message(lines)
    signed = list(find_signatures(lines, last))
    in_signatures = {line for first, end in signed for line in range(first, end)}
    quoted = list(_quotations(lines, in_signatures, is_reply=is_reply))
    kinds: list[tuple[AsideKind, list[tuple[int, int]]]] = [("quoted", quoted), ("signature", signed)]
    return [
        Aside(lines[first].start, lines[end - 1].end, kind)
        for kind, spans in kinds
        for first, end in _joined(spans)
        if any(not line.blank for line in lines[first:end])
    ]


def message_start(text: str) -> int:
    """Return where the message of a mail begins, below the head of its own that stands above it; 0 without one."""
    lines = mail_lines(text)
    top = next_line(lines, 0)
    end = next((end for start, end in _heads(lines) if start == top), 0)
    following = next_line(lines, end)
    return lines[following].start if end < following < len(lines) else 0


def is_only_quoted(text: str) -> bool:
    """Tell whether a mail quotes and says nothing itself: no line of it is its own, but for a greeting."""
    lines = mail_lines(text)
    signed = list(find_signatures(lines, _end_of_message(lines)))
    heads = _heads(lines)
    below = _below_head(lines, heads)
    around = {line for first, end in [*signed, *heads, *_attributions(lines), *below] for line in range(first, end)}
    own = (line for number, line in enumerate(lines) if number not in around and not line.quoted)
    quotes = bool(below) or any(line.quoted for line in lines)
    return quotes and all(line.blank or GREETING.match(line.text) for line in own)


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield spans of lines in order; those that meet are one."""
    current: tuple[int, int] | None = None
    for first, end in sorted(spans):
        if current is not None and first <= current[1]:
            current = current[0], max(current[1], end)
        else:
            if current is not None:
                yield current
            current = first, end
    if current is not None:
        yield current


def _quotations(lines: Sequence[MailLine], signed: set[int], *, is_reply: bool) -> list[tuple[int, int]]:
    """Return the spans of lines that a reply quotes."""
    marked = {number for number, line in enumerate(lines) if line.quoted}
    heads, attributions = _heads(lines), _attributions(lines)
    first = next_line(lines, 0)
    begins = [*(start for start, _ in heads if start != first), *(start for start, _ in attributions), *marked]
    forwarded = _forwarded(lines, lines[: min(begins, default=len(lines))], heads, marked)
    if forwarded is None:
        return []
    spans = forwarded + _below_head(lines, heads)
    if marked:
        spans += [(start, end) for start, end in attributions if next_line(lines, end) in marked]
    else:
        spans += _below_attribution(lines, attributions, heads)
    attributed = bool(spans)
    evident = is_reply or attributed or bool(heads) or first in marked or any(map(_is_forum_tag, lines))
    spans += [(number, number + 1) for number in marked]
    others = signed.union(*(range(start, end) for start, end in (*spans, *heads)))
    own = [line.text for number, line in enumerate(lines) if number not in others and not line.blank]
    words = " ".join(text for text in own if not GREETING.match(text))
    said = length(words)
    if spans and not marked and not any(map(ends_with_sentence, own)) and not _is_said(words):
        starts = [lines[start].text for start, _ in spans]
        if not any((ORIGINAL.match(line) and not RULE.match(line)) or ATTRIBUTION.match(line) for line in starts):
            # A letterhead above a memorandum.
            return []
    if not evident:
        # An essay says more than it quotes.
        evident = length(" ".join(lines[number].text for number in marked)) >= said
    if said <= _LONGEST_COVER and any(map(POINTS_BELOW.search, own)):
        return []
    return sorted(spans) if evident and (said >= _SHORTEST_REPLY or _is_answer(words, attributed)) else []


def _is_said(words: str) -> bool:
    """Whether words are said by somebody, and are no name of a society or a place, whose words have capitals."""
    plain = [word for word in words.split() if word[:1].isalpha() and word.casefold() not in PARTICLES]
    return bool(plain) and 2 * sum(word[0].islower() for word in plain) >= len(plain)


def _is_answer(words: str, attributed: bool) -> bool:
    """Whether a few words say something without what they answer: a refusal, or a sentence that is no assent."""
    if not attributed:
        return OPENS_DENIAL.match(words) is not None
    if DENIES.search(words):
        return True
    return ends_with_sentence(words) and not ASSENTS.search(words)


def _is_forum_tag(line: MailLine) -> bool:
    return line.quoted and line.text.lstrip()[:6].casefold() == "[quote"


def _heads(lines: Sequence[MailLine]) -> list[tuple[int, int]]:
    """Return the spans of heads: a few lines that name sender, date, recipients and subject."""
    result, number = list[tuple[int, int]](), 0
    while number < len(lines):
        end, fields = number, set[str]()
        while end < len(lines) and (field := FIELD.match(lines[end].text)):
            fields.add(field["name"].lower())
            end += 1
        addressed = any("@" in line.text for line in lines[number:end])
        if len(fields) >= _FEWEST_FIELDS and fields & SENDERS and (addressed or fields & SUBJECTS):
            result.append((number, end))
        number = max(end, number + 1)
    return result


def _forwarded(
    lines: Sequence[MailLine], ahead: Sequence[MailLine], heads: Sequence[tuple[int, int]], marked: set[int]
) -> list[tuple[int, int]] | None:
    """Return the span of a mail that is forwarded below a message; None where the forwarded mail is the message.

    `ahead` are the lines before the first quotation. More than a cover note, a reply by its subject, and a refusal are
    messages of their own.
    """
    if any(FORWARD_SUBJECT.match(line.text) for line in ahead):
        return None
    number = next((number for number, line in enumerate(ahead) if FORWARDED.match(line.text)), None)
    if number is None:
        return []
    below = next_line(lines, number + 1)
    top = [head for head in heads if head[0] == next_line(lines, 0)]
    note = " ".join(line.text for line in ahead[top[0][1] if top else 0 : number] if not GREETING.match(line.text))
    replies = any(REPLY_SUBJECT.match(line.text) for line in lines[slice(*top[0])]) if top else False
    is_message = replies or length(note) > _LONGEST_COVER or OPENS_DENIAL.match(note)
    begins = below in marked or any(start == below for start, _ in heads)
    if not is_message or not begins or POINTS_BELOW.search(note):
        return None
    return [(number, len(lines))]


def _below_head(lines: Sequence[MailLine], heads: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the span from the head of the mail that is quoted to the end of the text, if there is one."""
    starts = {start for start, _ in heads}
    for number, line in enumerate(lines):
        if ORIGINAL.match(line.text) and next_line(lines, number + 1) in starts:
            return [(number, len(lines))]
    top = next_line(lines, 0)
    below = [head for head in heads if head[0] != top]
    if not below:
        return []
    if len(below) < len(heads):
        # Mails one below the other are a thread, unless the first one says that it is a reply.
        replies = any(REPLY_SUBJECT.match(line.text) for line in lines[slice(*heads[0])])
        return [(below[0][0], len(lines))] if replies else []
    return [(below[0][0], len(lines))]


def _attributions(lines: Sequence[MailLine]) -> list[tuple[int, int]]:
    """Return the spans of lines that say who wrote what follows; one may be wrapped."""
    result = list[tuple[int, int]]()
    for number, line in enumerate(lines):
        if not line.text.rstrip().endswith((":", "：")) or line.quoted:
            continue
        if ATTRIBUTION.match(line.text):
            before = lines[number - 1] if number else None
            wrapped = before is not None and OPENS_ATTRIBUTION.match(before.text) and not before.quoted
            opens = wrapped and not OPENS_ATTRIBUTION.match(line.text)
            result.append((number - 1 if opens else number, number + 1))
    return result


def _below_attribution(
    lines: Sequence[MailLine], attributions: Sequence[tuple[int, int]], heads: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the span from the first attribution to the end, of a text without marks of quotation that is a mail."""
    mail = bool(heads) or any(SIGNATURE.match(line.text.rstrip("\r\n")) for line in lines)
    mail = mail or any(GREETING.match(line.text) for line in lines[next_line(lines, 0) :][:1])
    for first, end in attributions:
        alone = (first == 0 or lines[first - 1].blank) and (end == len(lines) or lines[end].blank)
        words = " ".join(line.text.strip() for line in lines[first:end])
        if not alone or not OPENS_ATTRIBUTION.match(words):
            continue
        following = next_line(lines, end)
        told = following < len(lines) and QUOTATION.match(lines[following].text)
        note = DAY_ALONE.match(words) and not told and length("".join(line.text for line in lines)) <= _LONGEST_NOTE
        if mail or DATED.search(words) or note:
            return [(first, len(lines))]
    return []


def _end_of_message(lines: Sequence[MailLine]) -> int:
    """Return the number of the line after the last one that is not blank."""
    end = len(lines)
    while end and lines[end - 1].blank:
        end -= 1
    return end
