"""Reads a mail as programs save it (.eml): the new text, without what it quotes and signs.

The subject is the title. The metadata have `date` (ISO 8601), `from` and `message_id`; `attachments` counts the files
that are not read, `quoted_words` and `signature_words` what was left out. A mail that says nothing of its own keeps its
text, and its `quotation` is "all".
"""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime
from pathlib import Path

from producers.formats.options import ReadOptions
from producers.formats.part import Part
from streaming.encoding.raw_mail import header_text, parse_mail, read_parsed
from streaming.errors import BadInput
from streaming.mail.marks import REPLY_SUBJECT
from streaming.mail.message import read_message

# A mail with its attachments; servers take 25 to 50 MB.
MOST_BYTES = 128 * 1024 * 1024
_TEXT_TYPES = frozenset({"text/plain", "text/html"})


def read_mail(path: Path, _options: ReadOptions) -> Iterator[Part]:
    """Yield the one document of a mail; raises `BadInput`: `NoMail`, `NoText`, `TooDeep`, `TooLarge` or `NotUtf8`."""
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise BadInput(f"a mail of more than {MOST_BYTES:,} bytes", type="TooLarge")
    yield mail_part(parse_mail(raw.lstrip(b"\r\n\xef\xbb\xbf")))


def mail_part(message: EmailMessage, name: str = "") -> Part:
    """Return the document that a mail is; raises `BadInput` as `read_mail` does."""
    if not any(key.lower() in ("from", "date", "subject", "message-id", "received") for key in message):
        raise BadInput("no mail: it does not begin with the headers of one", type="NoMail")
    mail = read_parsed(message)
    is_reply = "in-reply-to" in message or REPLY_SUBJECT.match(f"Subject: {mail.subject or ''}") is not None
    content = read_message(mail.text.replace("\r\n", "\n").replace("\r", "\n"), is_reply=is_reply)
    attachments = _attachments(message)
    metadata = {
        "date": _date(message),
        "from": header_text(message, "from"),
        "message_id": message_id(message),
        "attachments": str(attachments) if attachments else None,
        **{f"{kind}_words": str(words) for kind, words in content.left_out.items()},
        "quotation": "all" if content.only_quoted else None,
    }
    return Part(content.text, mail.subject, name, metadata={key: value for key, value in metadata.items() if value})


def message_id(message: EmailMessage) -> str | None:
    """Return the id that its program gave a mail, without its brackets; None for a mail without one."""
    return (header_text(message, "message-id") or "").strip("<> ") or None


def _date(message: EmailMessage) -> str | None:
    try:
        return parsedate_to_datetime(header_text(message, "date") or "").isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _attachments(message: Message) -> int:
    """Count the files that come with a mail; a mail that is attached is one of them."""
    count = 0
    waiting = [message]
    while waiting:
        part = waiting.pop()
        content_type = part.get_content_type()
        if part.is_multipart() and content_type != "message/rfc822":
            waiting += [inner for inner in part.get_payload() if isinstance(inner, Message)]
        else:
            count += content_type not in _TEXT_TYPES or part.get_content_disposition() == "attachment"
    return count
