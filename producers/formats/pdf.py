"""Reads a PDF: by its outline where it has one, in ranges of pages where they are asked for, or whole.

A page without text, as a scanned one is, is counted; a file of such pages is refused. No picture is read, no form is
filled in, and nothing that is attached to the file is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pypdfium2
from pypdfium2 import PdfDocument, PdfiumError

from producers.formats.blocks import full_title
from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.pdf_lines import tidy_pages
from producers.formats.pdf_outline import Section, read_sections
from streaming.errors import BadInput
from streaming.wording import counted

# More than any book has; each page takes memory.
_MOST_PAGES = 20_000
_MOST_CHARACTERS = 50_000_000
# Of the characters of a text, so many may be ones that no font should have: where a PDF does not say which letters its
# fonts draw, nearly all are.
_MOST_UNREADABLE = 0.2
_UNREADABLE = re.compile("[\x00\x01\x03-\x08\x0e-\x1f\x7f-\x9f\ufffd-\uffff\ue000-\uf8ff]")
# A hyphen at the end of a line, where PDFium joins the two: it has a sign for it within bounds, and another without.
_HYPHEN = re.compile("[\x02\ufffe]")
# What stands before the first section, and has fewer words, is a title page.
_FEWEST_WORDS = 20
# Titles that programs make of the name of a file.
_NO_TITLE = re.compile(r".*\.\w{2,5}|microsoft \w+ - .*|untitled|slide \d+|.{0,3}", re.IGNORECASE | re.DOTALL)


def read_pdf(path: Path, options: ReadOptions) -> Iterator[Part]:
    """Yield the sections of a PDF, its ranges of pages, or all of its text; raises `BadInput` when it has none."""
    split = options.split
    with closing(_open(path)) as document:
        texts = _texts(document)
        pages = tidy_pages(texts)
        title = _title(document)
        sections = read_sections(document, pages) if split.argument in ("auto", "headings") else []
    if not any(pages):
        raise BadInput(
            f"a PDF without text: its {counted(len(pages), 'page')} may be scanned; have the text recognized first "
            "(OCR)",
            type="NoText",
        )
    if split.pages is not None:
        starts = [Section(page, 0, "") for page in range(0, len(pages), split.pages)]
    else:
        starts = sections
    if len(starts) < 2:
        yield Part("\n\n".join(filter(None, pages)), title=title, metadata=_metadata(texts, 0, len(pages)))
        return
    number = 0
    for section, text, last in _cut(pages, starts):
        is_before = split.pages is None and not section.title
        if not text or (is_before and len(text.split()) < _FEWEST_WORDS):
            continue
        number += not is_before
        name = str(number) if split.pages is None else f"p{section.page + 1}-{last}"
        metadata = _metadata(texts, section.page, last)
        yield Part(text, title=full_title(title, section.title or None), name=name, metadata=metadata)


def _open(path: Path) -> PdfDocument:
    try:
        # Most files that are encrypted open without a password, and forbid to be printed.
        document = PdfDocument(path)
    except PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise BadInput("a PDF that needs a password: save it without one", type="Encrypted") from None
        if error.err_code == pypdfium2.raw.FPDF_ERR_SECURITY:
            raise BadInput("a PDF that is encrypted in a way that is not known here", type="Encrypted") from None
        raise BadInput("a damaged PDF, or one that is cut off", type="Broken") from None
    if len(document) > _MOST_PAGES:
        raise BadInput(f"a PDF of {len(document):,} pages: more than a document has", type="Bomb")
    return document


def _texts(document: PdfDocument) -> list[str]:
    """Return the text of each page; "" for one that has none, or cannot be read."""
    texts: list[str] = []
    characters = unreadable = 0
    for number in range(len(document)):
        try:
            with closing(document[number]) as page, closing(page.get_textpage()) as letters:
                # Within bounds, PDFium joins the lines of a page that lies on its side.
                text = letters.get_text_range() if page.get_rotation() % 180 else letters.get_text_bounded()
        except PdfiumError:
            text = ""
        texts.append(_HYPHEN.sub("", text).replace("\r\n", "\n"))
        characters += len(text)
        unreadable += len(_UNREADABLE.findall(text))
        if characters > _MOST_CHARACTERS:
            raise BadInput(f"a PDF of more than {_MOST_CHARACTERS:,} characters: more than a document has", type="Bomb")
    if unreadable > _MOST_UNREADABLE * characters:
        raise BadInput(
            "a PDF whose fonts do not say which letters they draw: have its text recognized first (OCR)", type="NoText"
        )
    return texts


def _cut(pages: list[str], starts: list[Section]) -> Iterator[tuple[Section, str, int]]:
    """Yield each section, its text, and the number of its last page; what comes before the first is a section, too."""
    if (starts[0].page, starts[0].line) != (0, 0):
        starts = [Section(0, 0, ""), *starts]
    for start, end in zip(starts, [*starts[1:], Section(len(pages), 0, "")], strict=True):
        last = end.page if end.line == 0 else end.page + 1
        lines = [page.split("\n") for page in pages[start.page : last]]
        if end.line:
            lines[-1] = lines[-1][: end.line]
        lines[0] = lines[0][start.line :]
        texts = ("\n".join(page).strip() for page in lines)
        yield start, "\n\n".join(filter(None, texts)), last


def _title(document: PdfDocument) -> str | None:
    title = " ".join(document.get_metadata_value("Title").split())
    return None if _NO_TITLE.fullmatch(title) else title


def _metadata(texts: list[str], first: int, last: int) -> dict[str, str]:
    """Return the numbers of the pages, and of those without text, which may be scanned."""
    metadata = {"pages": f"{first + 1}-{last}" if last > first + 1 else str(last)}
    if without := sum(not text.strip() for text in texts[first:last]):
        metadata["left_out"] = f"{counted(without, 'page')} without text"
    return metadata
