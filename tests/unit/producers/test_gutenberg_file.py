"""A file of Project Gutenberg: its frame, its line ends, its encoding, its language."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from gutenberg_books import FOOTER, HEADER, PLAIN, chapters, read, story

from producers.gutenberg.book import read_book
from streaming.errors import UsageError


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (
            "*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***",
            "*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***",
        ),
        ("***START OF THIS PROJECT GUTENBERG EBOOK THE MILL***", "***END OF THIS PROJECT GUTENBERG EBOOK THE MILL***"),
        ("*** START OF THIS PROJECT GUTENBERG EBOOK THE MILL\nA STORY ***", "End of the Project Gutenberg EBook of A"),
        ("*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*", "End of Project Gutenberg's The Mill"),
        ("*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*", "End of The Project Gutenberg Etext of The Mill"),
        ("", "*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***"),
        ("*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***", ""),
        ("", ""),
    ],
)
def test_the_frame_is_left_out_however_it_is_marked(tmp_path: Path, start: str, end: str) -> None:
    header = f"CHAPTER XL\n\n{story('the licence')}\n\n" if start else ""
    footer = f"\n\n{end}\n\nCHAPTER V\n\nNo text: the licence.\n" if end else ""
    sent = read(tmp_path / "a.txt", f"{header}{start}\n\n{chapters(PLAIN)}{footer}")
    assert [document.text for document in sent] == [story(heading) for heading in PLAIN]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path, end: str) -> None:
    book = HEADER + chapters(PLAIN) + FOOTER
    raw = b"\xef\xbb\xbf" + book.replace("\n", end).encode()
    assert read(tmp_path / "a.txt", raw) == read(tmp_path / "a.txt", book)
    assert len(read(tmp_path / "a.txt", b"\xef\xbb\xbf" + chapters(PLAIN).encode())) == 4


@pytest.mark.parametrize("charset", ["ISO-8859-1", "ISO Latin-1", "Windows Code Page 1252", "ISO-8859-15"])
def test_an_old_file_is_read_in_the_encoding_that_it_names(tmp_path: Path, charset: str) -> None:
    book = f"Character set encoding: {charset}\n\n" + chapters(PLAIN).replace("river", "rivière")
    assert "rivière" in read(tmp_path / "a.txt", book.encode("latin-1"))[0].text


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "Its header names no encoding"),
        ("Character set encoding: ASCII\n\n", "Its header says 'ASCII', which it is not"),
        ("Character set encoding: nonsense\n\n", "Its header says 'nonsense', which it is not"),
    ],
)
def test_a_file_in_no_known_encoding_is_refused(tmp_path: Path, header: str, reason: str) -> None:
    # Signs inside words in every code page.
    with pytest.raises(UsageError, match=rf"a\.txt is not UTF-8: byte \d+ of \d+; .*\. {reason}"):
        read(tmp_path / "a.txt", header.encode() + chapters(PLAIN).encode().replace(b"river", b"r\xa9v\xafr"))


def test_a_file_that_names_no_encoding_is_read_when_one_code_page_leaves_no_doubt(tmp_path: Path) -> None:
    book = chapters(PLAIN).replace("river", "rivière")
    assert read(tmp_path / "a.txt", book.encode("latin-1")) == read(tmp_path / "a.txt", book)


def test_a_book_that_is_packed_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.txt is compressed with gzip: unpack it first\.$"):
        read(tmp_path / "a.txt", gzip.compress(chapters(PLAIN).encode()))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.txt cannot be read: No such file"):
        read_book(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_book(tmp_path)


@pytest.mark.parametrize(("language", "code"), [("French", "fr"), ("Klingon", None), ("English, Latin", None)])
def test_a_language_is_said_when_it_is_known(tmp_path: Path, language: str, code: str | None) -> None:
    sent = read(tmp_path / "a.txt", HEADER.replace("English", language) + chapters(PLAIN) + FOOTER)
    assert sent[0].language == code
