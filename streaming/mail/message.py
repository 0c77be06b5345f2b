"""The message of a mail: its text without what it quotes and signs, for those who send mails on as documents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from streaming.mail.asides import AsideKind, find_asides, is_only_quoted


@dataclass(frozen=True)
class MailMessage:
    """The text that is new in a mail, and the words of it that were left out, by kind.

    Where a mail says nothing of its own, `only_quoted`, its text is what it quotes.
    """

    text: str
    left_out: dict[AsideKind, int]
    only_quoted: bool


def read_message(text: str, *, is_reply: bool = False) -> MailMessage:
    """Return the message of the mail whose text is `text`; takes time in proportion to its length.

    `is_reply`: its headers say that it answers a mail.
    """
    kept, left_out, position = list[str](), Counter[AsideKind](), 0
    for aside in sorted(find_asides(text, is_reply=is_reply), key=lambda aside: aside.start):
        kept.append(text[position : aside.start])
        left_out[aside.kind] += len(text[max(position, aside.start) : aside.end].split())
        position = max(position, aside.end)
    message = "".join([*kept, text[position:]]).strip()
    if not message:
        return MailMessage(text, {}, only_quoted=True)
    only_quoted = "quoted" not in left_out and is_only_quoted(text)
    return MailMessage(message, dict(left_out), only_quoted=only_quoted)
