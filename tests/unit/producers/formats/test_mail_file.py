"""A mail as a file: its new text, from any encoding, and what came with it as figures."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from parts import only

from streaming.errors import BadInput

REPLY = """\
The beam holds. We can open the mill on Monday.

On Mon, 2 Mar 2026 at 09:30, Ben Krol <ben@x.org> wrote:
> Does the beam hold? The town asks
> when the mill opens.

-- 
Ines Marek
Mill Street 4
"""  # noqa: W291
NEW = "The beam holds. We can open the mill on Monday."


def mail(text: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ines Märek <ines@x.org>"
    message["Subject"] = "Re: the mill – and the beam"
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0100"
    message["Message-ID"] = "<42@x.org>"
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    return message


def text_part(text: str) -> EmailMessage:
    part = EmailMessage()
    part.set_content(text)
    return part


def put(path: Path, message: EmailMessage | bytes) -> Path:
    path.write_bytes(message if isinstance(message, bytes) else bytes(message))
    return path


def test_a_reply_is_its_new_text_and_says_what_was_left_out(tmp_path: Path) -> None:
    part = only(put(tmp_path / "a.eml", mail(REPLY)))
    assert (part.text, part.title) == (NEW, "Re: the mill – and the beam")
    assert part.metadata == {
        "date": "2026-03-02T10:00:00+01:00",
        "from": "Ines Märek <ines@x.org>",
        "message_id": "42@x.org",
        "quoted_words": "24",
        "signature_words": "6",
    }


@pytest.mark.parametrize("headers", [{"In-Reply-To": "<41@x.org>"}, {}])
def test_what_a_reply_in_html_cites_without_saying_whom_is_left_out(tmp_path: Path, headers: dict[str, str]) -> None:
    message = mail("", **headers)
    message.set_content(f"<p>{NEW}</p><blockquote type=cite><p>Does the beam hold?</p></blockquote>", subtype="html")
    assert only(put(tmp_path / "a.eml", message)).text == NEW
    message.replace_header("Subject", "The mill")
    cited = "Does the beam hold?" in only(put(tmp_path / "b.eml", message)).text
    assert cited is not bool(headers)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "cp1252"])
def test_a_part_is_read_in_its_charset_and_encoding(tmp_path: Path, encoding: str, charset: str) -> None:
    message = mail("")
    message.set_content("Die Mühle läuft wieder.\n", charset=charset, cte=encoding)
    assert only(put(tmp_path / "a.eml", message)).text == "Die Mühle läuft wieder."


def test_a_mail_in_html_alone_is_what_it_shows_without_its_quotation(tmp_path: Path) -> None:
    message = mail("")
    message.set_content(
        "<html><style>p {}</style><body><p>The beam &amp; the wheel hold.</p><p>We open on Monday.</p>"
        "<p>On Mon, 2 Mar 2026 at 09:30, Ben wrote:</p><blockquote><p>Does it hold?</p></blockquote></body></html>",
        subtype="html",
    )
    assert only(put(tmp_path / "a.eml", message)).text == "The beam & the wheel hold.\n\nWe open on Monday."


def test_attachments_are_counted_and_not_read(tmp_path: Path) -> None:
    message = mail(REPLY)
    message.add_alternative("<p>The beam holds.</p>", subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="beam.pdf")
    message.add_attachment("a,b\n1,2\n", filename="beam.csv")
    message.add_attachment(mail("Another mail."))
    part = only(put(tmp_path / "a.eml", message))
    assert (part.text, part.metadata["attachments"]) == (NEW, "3")


@pytest.mark.parametrize(
    "text",
    [
        "> Does the beam hold?\n> The town asks when the mill opens.",
        "On Mon, 2 Mar 2026 at 09:30, Ben Krol <ben@x.org> wrote:\n> Does the beam hold?\n> The town asks.",
        "Hello Ben,\n\n> Does the beam hold?\n> The town asks when the mill opens.",
    ],
)
def test_a_mail_that_is_nothing_but_quotation_keeps_its_text_and_says_so(tmp_path: Path, text: str) -> None:
    part = only(put(tmp_path / "a.eml", mail(text)))
    assert (part.text, part.metadata["quotation"]) == (text, "all")


def test_a_forwarded_mail_stays_whole(tmp_path: Path) -> None:
    head = "---------- Forwarded message ---------\nFrom: Ben <b@x.org>\nDate: Mon\nSubject: Beam"
    text = f"See below.\n\n{head}\n\nIt broke."
    part = only(put(tmp_path / "a.eml", mail(text)))
    assert part.text == text
    assert "quotation" not in part.metadata


def test_broken_headers_cost_no_mail(tmp_path: Path) -> None:
    raw = (
        b"From: \xff\xfe <broken\nTo: =?utf-9?q?x?=\nSubject: =?utf-8?b?!!!?= caf\xe9\nMessage-ID: <[\n"
        b"Date: tomorrow\nContent-Type: text/plain; charset=none-such\n\nThe mill stopped.\n"
    )
    part = only(put(tmp_path / "a.eml", raw))
    assert part.text == "The mill stopped."
    assert "date" not in part.metadata
    part.metadata["from"].encode()


def nested(depth: int) -> bytes:
    head = b"From: a@x.org\nMIME-Version: 1.0\n"
    levels = (b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
    return head + b"".join(levels) + b"Content-Type: text/plain\n\nDeep.\n"


# Each part opens the boundary of the whole again.
CYCLE = b'From: a@x.org\nSubject: s\nContent-Type: multipart/mixed; boundary="b"\n' + (
    b'\n--b\nContent-Type: multipart/mixed; boundary="b"\n' * 50_000
)
ENCRYPTED = b"From: a@x.org\nContent-Type: multipart/encrypted; boundary=b\n\n--b\n\nVersion: 1\n--b--\n"
PICTURE = b"From: a@x.org\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (nested(50_000), "nested too deep"),
        (CYCLE, "nested too deep"),
        (ENCRYPTED, "encrypted"),
        (PICTURE, "without a text"),
        (b"", "no mail"),
        (b"Just words, and no header.\n", "no mail"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no mail"),
    ],
    ids=["nested", "cyclic", "encrypted", "a picture", "empty", "words", "binary"],
)
def test_a_broken_mail_is_refused_by_name(tmp_path: Path, raw: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        only(put(tmp_path / "a.eml", raw))


@pytest.mark.parametrize("charset", ["a\0b", "unicode_escape", "idna", "punycode", "base64", "none-such"])
def test_a_charset_that_is_none_is_read_as_utf_8(tmp_path: Path, charset: str) -> None:
    raw = f'From: a@x.org\nContent-Type: text/plain; charset="{charset}"\n\nThe m\u00fchle \\ud800 stopped.\n'.encode()
    assert only(put(tmp_path / "a.eml", raw)).text == "The m\u00fchle \\ud800 stopped."


def test_texts_between_pictures_are_one_text(tmp_path: Path) -> None:
    message = mail("The beam broke here:\n")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", disposition="inline", filename="beam.png")
    message.attach(text_part("And here it holds.\n"))
    part = only(put(tmp_path / "a.eml", message))
    assert part.text == "The beam broke here:\n\nAnd here it holds."
    assert part.metadata["attachments"] == "1"


def test_a_mail_that_comes_with_another_mail_alone_says_what_that_says(tmp_path: Path) -> None:
    message = mail("\n")
    message.add_attachment(mail("The beam holds.\n"))
    assert only(put(tmp_path / "a.eml", message)).text == "The beam holds."


def test_parts_that_are_marked_otherwise_than_the_header_says_are_text(tmp_path: Path) -> None:
    raw = b"From: a@x.org\nContent-Type: multipart/alternative;\n\nThe mill stopped.\n"
    assert only(put(tmp_path / "a.eml", raw)).text == "The mill stopped."
    said = b"Content-Type: text/plain\n\nThe mill stopped."
    inner = b"\n--b\nContent-Type: multipart/related\n\nno part\n--b\n" + said + b"\n--b--\n"
    for subtype in (b"mixed", b"alternative", b"related"):
        head = b'From: a@x.org\nContent-Type: multipart/%s; boundary="b"\n' % subtype
        assert "The mill stopped." in only(put(tmp_path / "a.eml", head + inner)).text
