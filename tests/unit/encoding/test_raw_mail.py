"""A raw mail is read as its text and its subject, or named; a letter with a head is a text."""

from __future__ import annotations

import base64
import quopri
from email.message import EmailMessage

import pytest

from streaming.encoding.content import read_content
from streaming.errors import BadInput

BODY = "Die Mühle steht seit Dienstag still.\nEin Balken ist gerissen, und der Müller schließt die Tür."
TRANSPORT = (
    "Return-Path: <ines@example.org>\n"
    "Received: from mx.example.org (mx.example.org [192.0.2.1])\n\tby mail.example.org with ESMTPS id 4711\n"
    "DKIM-Signature: v=1; a=rsa-sha256; d=example.org;\n b=dGhlIG1pbGwgc3RvcHBlZA==\n"
    "Message-ID: <4711@example.org>\nDate: Mon, 5 May 2025 10:12:00 +0200\nFrom: Ines <ines@example.org>\n"
    "To: list@example.org\nSubject: =?utf-8?Q?Die_M=C3=BChle?=\n"
)
MIME = "MIME-Version: 1.0\nContent-Type: text/plain; charset="


def mail(encoding: str, **parts: str) -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ines <i@example.org>", "list@example.org", "Die Mühle"
    message["Message-ID"] = "<4711@example.org>"
    message.set_content(parts["plain"], cte=encoding)
    if "html" in parts:
        message.add_alternative(parts["html"], subtype="html", cte=encoding)
        message.add_attachment(b"%PDF-1.7 " * 200, maintype="application", subtype="pdf", filename="mill.pdf")
    return message.as_string()


MAILS = {
    "8 bits": f"{TRANSPORT}{MIME}utf-8\nContent-Transfer-Encoding: 8bit\n\n{BODY}\n",
    "8 bits that say Latin-1": f"{TRANSPORT}{MIME}iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n{BODY}\n",
    "no MIME": f"{TRANSPORT}\n{BODY}\n",
    "lines of Windows": f"{TRANSPORT}\n{BODY}\n".replace("\n", "\r\n"),
    "quoted-printable": f"{TRANSPORT}{MIME}utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    + quopri.encodestring(BODY.encode()).decode(),
    "quoted-printable of Latin-1": f"{TRANSPORT}{MIME}iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
    + quopri.encodestring(BODY.encode("latin-1")).decode(),
    "Base64": f"{TRANSPORT}{MIME}utf-8\nContent-Transfer-Encoding: base64\n\n"
    + base64.encodebytes(BODY.encode()).decode(),
    "an unknown charset": f"{TRANSPORT}{MIME}x-unknown\nContent-Transfer-Encoding: base64\n\n"
    + base64.encodebytes(BODY.encode()).decode(),
    "several parts": mail("quoted-printable", plain=BODY, html=f"<p>{BODY}</p>"),
    "several parts of Base64": mail("base64", plain=BODY, html=f"<p>{BODY}</p>"),
    "a mailbox of one": f"From ines@example.org Mon May  5 10:12:00 2025\n{TRANSPORT}\n{BODY}\n",
}


@pytest.mark.parametrize("name", MAILS)
def test_a_raw_mail_is_its_text_and_its_subject(name: str) -> None:
    content = read_content(MAILS[name])
    assert content.text.split() == BODY.split()
    assert (content.title, content.read_as) == ("Die Mühle", ("a raw mail",))


def test_a_mail_of_html_alone_is_what_the_page_shows() -> None:
    page = (
        "<html><head><title>x</title><style>p {color: red}</style></head><body><p>No &mdash; it <b>floods</b>.</p>"
        "<script>let a = 1</script><blockquote>I propose<br>the cellar.</blockquote></body></html>"
    )
    content = read_content(f"{TRANSPORT}MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{page}")
    assert content.text == "No — it floods.\n\n> I propose\n> the cellar."


def test_the_subject_of_a_forwarded_mail_stays_above_it() -> None:
    content = read_content(TRANSPORT.replace("=?utf-8?Q?Die_M=C3=BChle?=", "Fwd: The mill") + f"\n{BODY}")
    assert content.text == f"Subject: Fwd: The mill\n\n{BODY}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{TRANSPORT}\n\n", "a raw mail without a text: it has attachments alone, or nothing"),
        (TRANSPORT, "a raw mail without a text: it has attachments alone, or nothing"),
        (
            f"{TRANSPORT}Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n",
            "a raw mail without",
        ),
        (f"{TRANSPORT}Content-Type: application/pkcs7-mime\n\nMIIB\n", "an encrypted mail: decrypt it first"),
        (MAILS["a mailbox of one"] + "\n" + MAILS["a mailbox of one"], "a mailbox with several mails"),
        (f"From - Mon Mar  2 10:00:00 2026\n{TRANSPORT}\n{BODY}\n\n" * 2, "a mailbox with several mails"),
    ],
)
def test_a_mail_without_a_text_is_named(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        read_content(text)
    assert caught.value.type == "NoText"


@pytest.mark.parametrize(
    "text",
    [
        f"From: Ines\nTo: list\nSubject: The mill\n\n{BODY}",
        f"From: Ines\nSent: Monday\nTo: list\nSubject: The mill\n\n{BODY}",
        f"Note: the mill stopped.\nReason: a beam.\n\n{BODY}",
        f"Received: three letters\n\n{BODY}",
        f"From: Ines\nDate: 5 May 1931\nReceived: 8 May 1931\nSubject: The mill\n\n{BODY}",
        f"Subject: The mill\nDate: 5 May 2025\nReferences: minutes of April\n\n{BODY}",
        f"Subject: the mill\nReferences: none\nthat anybody knows of\n\n{BODY}",
        f"From Monday on the mill stands still at 10:12.\n\n{BODY}",
        "Message-ID: what a mail program writes above each mail\n\nIt names the mail.",
        f"A mail has headers such as these:\n\n{TRANSPORT}\n{BODY}",
    ],
)
def test_a_letter_and_a_text_on_mails_are_texts(text: str) -> None:
    assert read_content(text).text == text
