"""Reads a raw mail, as a server stores it: the text part of its MIME structure, decoded, and its subject.

A raw mail begins with a block of headers of which one is written by mail programs alone ("Received", "Message-ID",
"MIME-Version", ...). "From", "To" and "Subject" above a text are a letter's head, which is a part of the text.
"""

from __future__ import annotations

import codecs
import email.policy
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from itertools import islice

from streaming.encoding.code_pages import certain, readings
from streaming.encoding.html_text import html_text
from streaming.errors import BadInput
from streaming.json_values import whole_characters

# An mbox has this line above each mail.
_ENVELOPE = re.compile(r"From \S+.*\d{2}:\d{2}.*")
# Thunderbird writes "-" in the place of the sender, and Python "MAILER-DAEMON".
_NEXT_ENVELOPE = re.compile(
    r"\n\r?\n>?From (?:\S+@\S+|\S+(?= +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )) .*\d{2}:\d{2}.*\r?\n[!-9;-~]+:"
)
_FIELD = re.compile(r"(?P<name>[!-9;-~]+)[ \t]*:(?P<value>.*)")
_OF_TRANSPORT = frozenset(
    {
        "return-path", "received", "delivered-to", "message-id", "mime-version", "content-transfer-encoding",
        "dkim-signature", "envelope-to", "authentication-results", "received-spf", "arc-seal", "x-mailer",
        "x-received", "x-original-to", "in-reply-to", "list-unsubscribe", "user-agent",
        "x-originating-ip"
    }
)  # fmt: skip
_OF_MAIL = frozenset(
    {"from", "to", "subject", "date", "sender", "message-id", "content-type", "return-path", "received"}
)
# One may be a field of a form; a mail that has been on its way has four at least.
_FEWEST_FIELDS = 2
_HOP = re.compile(r"\s*(?:from|by|\(|$)", re.IGNORECASE)
_ENCODINGS = frozenset({"quoted-printable", "base64", "x-uuencode", "uuencode", "uue", "x-uue"})
# Codecs of Python that are no charset of a mail: they make half characters, or take the square of the length.
_NO_CHARSETS = frozenset({"unicode-escape", "raw-unicode-escape", "idna", "punycode"})
_MULTIPART = re.compile(r"\s*multipart/.*boundary=", re.IGNORECASE | re.DOTALL)
# Python's parser compares each line with the boundaries of all parts that are open: 50,000 take it 20 s.
_BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
_MOST_MULTIPARTS = 1_000
# A subject that says so tells the reader of the text that what stands below is the message.
_FORWARDED = re.compile(r"\s*\[?(?:fwd?|wg|tr|rv|i|enc|转发|vs|pd)\s?[:：]", re.IGNORECASE)


@dataclass(frozen=True)
class RawMail:
    """The text of a mail without its headers, and its subject."""

    text: str
    subject: str | None


def read_mail(text: str) -> RawMail | None:
    """Return the mail that `text` is; None when it is no raw mail.

    Raises `BadInput`, `NoText`, for a mail without a text and for a file of several mails.
    """
    source = text.lstrip("\r\n")
    if not _has_headers(source):
        return None
    if _ENVELOPE.match(source):
        if _NEXT_ENVELOPE.search(source):
            raise BadInput("a mailbox with several mails: send each of them as a document", type="NoText")
        source = source.partition("\n")[2]
    # Bytes, because the parts of a mail have encodings of their own.
    message = parse_mail(source.encode())
    # Eight bits have been decoded with the whole mail, whatever its charset says.
    return read_parsed(message, eight_bit="utf-8")


def parse_mail(raw: bytes) -> EmailMessage:
    """Return the MIME structure of a mail; raises `BadInput`, `TooDeep`, for parts nested deeper than anybody writes.

    Python's parser calls itself for each level; nothing that it finds broken in a mail is an error to it.
    """
    if sum(1 for _ in islice(_BOUNDARY.finditer(raw), _MOST_MULTIPARTS + 1)) > _MOST_MULTIPARTS:
        raise _too_deep()
    try:
        return message_from_bytes(raw, policy=email.policy.default)
    except RecursionError as error:
        raise _too_deep() from error


def read_parsed(message: EmailMessage, *, eight_bit: str | None = None) -> RawMail:
    """Return the text of a mail; `eight_bit` is the charset of a part without an encoding, None: what the part says.

    Raises `BadInput`: `NoText` for a mail without a text, and for an encrypted one; `NotUtf8`.
    """
    try:
        body = _body(message, eight_bit).strip()
    except RecursionError as error:
        raise _too_deep() from error
    if not body:
        raise BadInput("a raw mail without a text: it has attachments alone, or nothing", type="NoText")
    subject = header_text(message, "subject")
    return RawMail(f"Subject: {subject}\n\n{body}" if subject and _FORWARDED.match(subject) else body, subject)


def _too_deep() -> BadInput:
    return BadInput("a mail whose parts are nested too deep to be read", type="TooDeep")


def header_text(message: EmailMessage, name: str) -> str | None:
    """Return a header as people read it, in one line of whole characters; None when it is empty or missing."""
    try:
        header = str(message.get(name, ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        # Python's parser of structured headers fails on some that are broken: they are read as they stand.
        header = next((raw for key, raw in message.raw_items() if key.lower() == name), "")
    return " ".join(whole_characters(str(header)).split()) or None


def _has_headers(source: str) -> bool:
    """Whether a text begins with the headers of a mail that was on its way."""
    names: list[str] = []
    multipart = False
    # Without copying a book whose first line has a colon.
    for match in re.finditer(r"(?P<line>[^\n]*)(?:\n|$)", source):
        line = match["line"].rstrip("\r")
        if not line.strip():
            break
        if names and line[0] in " \t":
            continue
        field = _FIELD.fullmatch(line)
        if field is None:
            if not names and _ENVELOPE.fullmatch(line):
                continue
            return False
        name = field["name"].lower()
        # A clerk notes when a letter was received, a server from where.
        names.append("" if name == "received" and not _HOP.match(field["value"]) else name)
        multipart = multipart or (names[-1] == "content-type" and "multipart/" in field["value"].lower())
    known = set(names)
    if multipart and _MULTIPART.match(source[source.lower().find("content-type:") + len("content-type:") :][:1000]):
        return True
    return len(names) >= _FEWEST_FIELDS and bool(known & _OF_TRANSPORT) and bool(known & _OF_MAIL)


def _body(message: EmailMessage, eight_bit: str | None) -> str:
    """Return the text of a mail; one that comes with another mail alone hands that on, so it says what that says."""
    if message.get_content_type() in ("multipart/encrypted", "application/pkcs7-mime"):
        raise BadInput("an encrypted mail: decrypt it first", type="NoText")
    try:
        text = _shown(message, eight_bit)
    except (AttributeError, LookupError, TypeError, ValueError):
        # Python's search for the body fails on parts that are not what their headers say.
        text = _first_text(message, eight_bit)
    if text.strip():
        return text
    attached = (part for part in message.walk() if part.get_content_type() == "message/rfc822")
    inner = next((mail for part in attached for mail in part.iter_parts()), None)
    return _body(inner, eight_bit) if isinstance(inner, EmailMessage) else ""


def _shown(message: MIMEPart, eight_bit: str | None) -> str:
    """Return what a mail program shows: the texts between pictures and files, each plain, else what its HTML shows."""
    if message.get_content_maintype() == "multipart" and not message.is_multipart():
        # Its parts are not marked as its header says.
        payload = message.get_payload()
        return whole_characters(payload) if isinstance(payload, str) else ""
    if message.get_content_type() == "multipart/mixed":
        parts = [part for part in message.iter_parts() if _is_inline(part)]
        kinds = {part.get_content_type() for part in parts}
        # Some programs write both forms of one text side by side.
        parts = [part for part in parts if part.get_content_type() != "text/html" or "text/plain" not in kinds]
        return "\n\n".join(filter(None, (_shown(part, eight_bit).strip() for part in parts)))
    plain = message.get_body(preferencelist=("plain",))
    text = _text(plain, eight_bit) if plain is not None else ""
    if text.strip():
        return text
    html = message.get_body(preferencelist=("html",))
    return html_text(_text(html, eight_bit)) if html is not None else ""


def _first_text(message: EmailMessage, eight_bit: str | None) -> str:
    leaves = (part for part in message.walk() if part.get_content_type() == "text/plain" and not part.is_multipart())
    return next(filter(str.strip, (_text(leaf, eight_bit) for leaf in leaves)), "")


def _is_inline(part: MIMEPart) -> bool:
    """Whether a part is shown within its mail, and is no file."""
    disposition = part.get_content_disposition()
    return disposition == "inline" or (disposition is None and part.get_filename() is None)


def _text(part: MIMEPart, eight_bit: str | None) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    is_said = encoding in _ENCODINGS or eight_bit is None
    return _decoded(raw, part.get_content_charset() if is_said else eight_bit)


def _decoded(raw: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8"):
        try:
            if codecs.lookup(name or "utf-8").name not in _NO_CHARSETS:
                return raw.decode(name or "utf-8")
        except (LookupError, ValueError):
            # No charset of Python's, a name with NUL in it, or other bytes.
            continue
    if reading := certain(readings(raw)):
        return reading.text
    raise BadInput(f"a raw mail whose text is not in {charset or 'UTF-8'}, as it says", type="NotUtf8")
