"""Files that are damaged, or made to do harm: each with the text that is read of it, or a part of why it is refused."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from dataclasses import dataclass

import zstandard
from pypdf import PdfWriter
from written_books import archive, epub, nav, page
from written_pdf import pdf

_DEEP = 200_000
GOOD = "The mill stopped on a Tuesday."
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_BOMB = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY l0 "ha">{_LAUGHS}]>'
_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_OFFICE = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
)
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True)
class BrokenFile:
    """A file; of `text` and `refusal`, what becomes of it."""

    name: str
    content: bytes | str
    text: str | None = None
    refusal: str | None = None


def broken_files(url: str) -> list[BrokenFile]:
    """Return the files; those that try to open a connection try to open one to `url`."""
    return [*_pages(url), *_books(url), *_pdfs(url), *_word(url), *_open_documents(url), *_packed(), *_others()]


def _external(url: str, root: str = "html") -> str:
    return (
        f'<?xml version="1.0"?><!DOCTYPE {root} PUBLIC "-//X//DTD X//EN" "{url}/x.dtd" [<!ENTITY file SYSTEM '
        f'"file:///etc/passwd"><!ENTITY net SYSTEM "{url}/x"><!ENTITY % more SYSTEM "{url}/more.dtd"> %more;]>'
    )


def _pages(url: str) -> list[BrokenFile]:
    return [
        BrokenFile("deep.html", "<div>" * _DEEP + GOOD, text=GOOD),
        BrokenFile("tables.html", "<table><tr><td>" * (_DEEP // 10) + GOOD, text=GOOD),
        BrokenFile("empty.html", "", refusal="it is empty"),
        BrokenFile("picture.html", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", refusal="a PNG picture"),
        BrokenFile("charset.html", f"<meta charset=x-none><p>{GOOD}", text=GOOD),
        BrokenFile(
            "entities.html",
            f"{_external(url)}<html><body><p>{GOOD}&file;&net;</p></body></html>",
            text=f"{GOOD}&file;&net;",
        ),
        BrokenFile(
            "links.html",
            f'<html><head><base href="{url}/"><link rel=stylesheet href="{url}/a.css"><meta http-equiv=refresh '
            f'content="0;url={url}"><script src="{url}/a.js"></script></head><body><iframe src="{url}"></iframe>'
            f'<img src="{url}/a.png"><p>{GOOD}</p></body></html>',
            text=GOOD,
        ),
        BrokenFile("cut.html", f'<html><body><p>{GOOD}</p><p class="', text=GOOD),
    ]


def _books(url: str) -> list[BrokenFile]:
    chapter = page(f"<p>{GOOD}</p>")
    good = epub({"a.xhtml": chapter})
    damaged = bytearray(
        archive({"mimetype": "application/epub+zip", "META-INF/container.xml": random.Random(1).randbytes(999)})
    )
    damaged[300] ^= 0xFF
    locked = bytearray(good)
    locked[good.index(b"PK\x01\x02") + 8] |= 1
    circle = nav('<li><a href="nav.xhtml">I</a><ol><li><a href="nav.xhtml#x">II</a></li></ol></li>')
    return [
        BrokenFile("no-package.epub", archive({"mimetype": "application/epub+zip"}), refusal="no package file"),
        BrokenFile("cut.epub", good[: len(good) // 2], refusal="damaged or cut off"),
        BrokenFile("crc.epub", bytes(damaged), refusal="damaged or cut off"),
        BrokenFile("locked.epub", bytes(locked), refusal="password"),
        BrokenFile("up.epub", epub({"../../../../../../etc/passwd": chapter, "a.xhtml": chapter}), text=GOOD),
        BrokenFile(
            "missing.epub",
            epub({"a.xhtml": chapter}, others={"../../tmp/x": "Xyzzy"}, spine=["a.xhtml", "b.xhtml"]),
            text=GOOD,
        ),
        BrokenFile(
            "laughs.epub",
            epub({"a.xhtml": f"{_BOMB}<html><body><p>&l9;</p></body></html>"}),
            refusal="a.xhtml is no XML",
        ),
        BrokenFile(
            "entities.epub",
            epub({"a.xhtml": f"{_external(url)}<html><body><p>&file;&net;</p><p>{GOOD}</p></body></html>"}),
            refusal="a.xhtml is no XML",
        ),
        BrokenFile("deep.epub", epub({"a.xhtml": page("<div>" * _DEEP + GOOD)}), refusal="nested too deeply"),
        BrokenFile("bomb.epub", epub({"a.xhtml": " " * 80_000_000}), refusal="more than a document has"),
        BrokenFile("many.epub", archive({str(number): "" for number in range(10_001)}), refusal="10,001 files"),
        BrokenFile("circle.epub", epub({"a.xhtml": chapter, "nav.xhtml": circle}, nav=circle), text=GOOD),
        BrokenFile(
            "package.epub", archive({"META-INF/container.xml": "<container>", "a.opf": ""}), refusal="is no XML"
        ),
        BrokenFile("container.epub", epub({"a.xhtml": chapter}, others={"META-INF/container.xml": "<"}), text=GOOD),
        BrokenFile("contents.epub", epub({"a.xhtml": chapter}, nav="<html>", ncx="<"), text=GOOD),
    ]


def _pdfs(url: str) -> list[BrokenFile]:
    good = pdf([[GOOD]])
    chapters = pdf([["I", GOOD], ["II", GOOD]], outline=[("I", 0), ("II", 1)], first_entry_again=True)
    writer = PdfWriter(io.BytesIO(good))
    writer.encrypt("secret", algorithm="AES-256")
    locked = io.BytesIO()
    writer.write(locked)
    bomb = pdf([[GOOD]], first_content=zlib.compress(b"q Q " * 40_000_000, 1))
    action = f"/AA << /O << /S /URI /URI ({url}) >> >> /Contents 7 0 R".encode()
    return [
        BrokenFile("cut.pdf", good[: len(good) // 3], refusal="damaged PDF"),
        BrokenFile("head.pdf", b"%PDF-1.7\n", refusal="damaged PDF"),
        BrokenFile("circle.pdf", chapters, text=f"I\n\n{GOOD}|II\n\n{GOOD}"),
        BrokenFile("pages.pdf", good.replace(b"/Kids [6 0 R]", b"/Kids [2 0 R]"), refusal="PDF"),
        BrokenFile("locked.pdf", locked.getvalue(), refusal="password"),
        BrokenFile("bomb.pdf", bomb, refusal="without text"),
        BrokenFile("count.pdf", good.replace(b"/Count 1 ", b"/Count 1000000000 "), text=GOOD),
        BrokenFile("deep.pdf", good.replace(b"<< >>", b"[" * _DEEP + b"]" * _DEEP, 1), text=GOOD),
        BrokenFile("scanned.pdf", pdf([[], []]), refusal="may be scanned"),
        BrokenFile("action.pdf", good.replace(b"/Contents 7 0 R", action), text=GOOD),
        BrokenFile("outside.pdf", good.replace(b"<< /Length", f"<< /FS /URL /F ({url}) /Length".encode()), text=GOOD),
        BrokenFile(
            "again.pdf", good.replace(b"/Size 8", b"/Size 8 /Prev " + str(good.index(b"xref")).encode()), text=GOOD
        ),
        BrokenFile("empty.pdf", b"", refusal="it is empty"),
    ]


def _document(body: str) -> str:
    return f"<w:document {_WORD}><w:body>{body}</w:body></w:document>"


def _docx(document: str, **others: str) -> bytes:
    """Return a DOCX; `others` are further files in its folder `word`."""
    members = {f"word/{name.replace('__', '/')}": content for name, content in others.items()}
    return archive({"[Content_Types].xml": "<Types/>", "word/document.xml": document, **members})


def _word(url: str) -> list[BrokenFile]:
    paragraph = f"<w:p><w:r><w:t>{GOOD}</w:t></w:r></w:p>"
    styled = paragraph.replace("<w:p>", '<w:p><w:pPr><w:pStyle w:val="A"/></w:pPr>')
    style = '<w:style w:styleId="{}"><w:basedOn w:val="{}"/></w:style>'
    styles = f"<w:styles {_WORD}>{style.format('A', 'B')}{style.format('B', 'A')}</w:styles>"
    target = f'<Relationship Id="r1" TargetMode="External" Target="{url}/t.dotx"/>'
    relations = f'<Relationships xmlns="{_RELATIONS}">{target}</Relationships>'
    laughs = _BOMB.replace("html", "w:document") + _document("<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>")
    entities = _external(url, "w:document") + _document(f"{paragraph}<w:p><w:r><w:t>&file;&net;</w:t></w:r></w:p>")
    outside = _docx(_document(paragraph), **{"_rels__document.xml.rels": relations})
    return [
        BrokenFile("outside.docx", outside, text=GOOD),
        BrokenFile("laughs.docx", _docx(laughs), refusal="document.xml is no XML"),
        BrokenFile("entities.docx", _docx(entities), refusal="document.xml is no XML"),
        BrokenFile("deep.docx", _docx(_document("<w:sdt>" * _DEEP)), refusal="nested too deeply"),
        BrokenFile("nothing.docx", archive({"[Content_Types].xml": "<Types/>"}), refusal="a ZIP archive"),
        BrokenFile("cut.docx", _docx(_document(paragraph))[:-30], refusal="damaged or cut off"),
        BrokenFile("circle.docx", _docx(_document(styled), **{"styles.xml": styles}), text=GOOD),
        BrokenFile("random.docx", random.Random(0).randbytes(5_000), refusal="binary, no text"),
    ]


def _odt(body: str, **others: str) -> bytes:
    content = f"<office:document-content {_OFFICE}><office:body><office:text>{body}</office:text></office:body>"
    mimetype = "application/vnd.oasis.opendocument.text"
    return archive({"mimetype": mimetype, "content.xml": f"{content}</office:document-content>", **others})


def _open_documents(url: str) -> list[BrokenFile]:
    manifest = '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><encryption-data/></manifest>'
    locked = _odt("<text:p>Xyzzy</text:p>", **{"META-INF/manifest.xml": manifest})
    picture = f'<draw:frame><draw:image xlink:href="{url}/a.png"/></draw:frame>'
    return [
        BrokenFile("locked.odt", locked, refusal="password"),
        BrokenFile("spaces.odt", _odt(f'<text:p>{GOOD}<text:s text:c="2000000000"/></text:p>'), text=GOOD),
        BrokenFile("outside.odt", _odt(f"<text:p>{GOOD}{picture}</text:p>"), text=GOOD),
        BrokenFile("manifest.odt", _odt(f"<text:p>{GOOD}</text:p>", **{"META-INF/manifest.xml": "<"}), text=GOOD),
        BrokenFile("broken.odt", _odt("<text:p>"), refusal="is no XML"),
    ]


def _packed() -> list[BrokenFile]:
    good = gzip.compress(GOOD.encode())
    zeros = gzip.compress(b"\0" * 100_000_000)
    frame = zstandard.compress(GOOD.encode() * 100)
    return [
        BrokenFile("bomb.txt.gz", zeros, refusal="when unpacked"),
        BrokenFile("cut.txt.gz", good[:-9], refusal="damaged or cut off"),
        BrokenFile("cut.txt.zst", frame[:-5], refusal="damaged or cut off"),
        BrokenFile("twice.txt.gz", gzip.compress(good), refusal="packed twice"),
        BrokenFile("picture.txt.gz", gzip.compress(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"), refusal="a PNG picture"),
    ]


def _others() -> list[BrokenFile]:
    sheet = archive({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"})
    slides = archive({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>"})
    calc = archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"})
    protected = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")
    return [
        BrokenFile("sheet.xlsx", sheet, refusal="an Excel workbook: save it as CSV"),
        BrokenFile("slides.docx", slides, refusal="a PowerPoint presentation"),
        BrokenFile("sheet.odt", calc, refusal="an OpenDocument spreadsheet: save it as CSV"),
        BrokenFile("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), refusal="an old Microsoft Office"),
        BrokenFile("protected.docx", protected, refusal="or one with a password"),
        BrokenFile("letter.rtf", r"{\rtf1\ansi The mill stopped.\par}", refusal="an RTF document"),
    ]
