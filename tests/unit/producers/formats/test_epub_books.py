"""A book is its chapters in reading order, wherever its files begin and end."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from format_reading import documents_of, refusal_of, text_of
from written_books import archive, epub, nav, ncx, page

ONE = "<h1>One</h1><p>The mill\nstopped.</p>"
TWO = '<h2 id="x">Two</h2><p>The beam&nbsp;cracked&mdash;at night.</p>'
METADATA = {"book": "The mill of Aldwick", "author": "Ines Marr"}


def titles_and_texts(documents: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(document["title"].removeprefix("The mill of Aldwick, "), document["text"]) for document in documents]


def test_a_chapter_is_a_document_in_the_order_of_the_spine(tmp_path: Path) -> None:
    book = epub({"b.xhtml": page(TWO), "a.xhtml": page(ONE)}, spine=["a.xhtml", "b.xhtml"])
    first, second = documents_of(tmp_path / "mill.epub", book)
    assert first == {
        "id": "mill.epub#1",
        "title": "The mill of Aldwick, One",
        "text": "One\n\nThe mill stopped.",
        "metadata": METADATA,
    }
    assert (second["id"], second["text"]) == ("mill.epub#2", "Two\n\nThe beam cracked—at night.")


def test_a_chapter_may_lie_in_two_files_and_two_chapters_in_one(tmp_path: Path) -> None:
    files = {
        "1.xhtml": page("<p>It was late.</p>"),
        "2.xhtml": page('<p>It ended.</p><p id="two">The second night.</p><p><a id="three"/>The third.</p>'),
    }
    entries = "".join(
        f'<li><a href="{place}">{title}</a></li>'
        for title, place in (("I", "1.xhtml"), ("II", "2.xhtml#two"), ("III", "2.xhtml#three"))
    )
    expected = [("I", "It was late.\n\nIt ended."), ("II", "The second night."), ("III", "The third.")]
    assert titles_and_texts(documents_of(tmp_path / "a.epub", epub(files, nav=nav(entries)))) == expected
    old = epub(files, ncx=ncx([("I", "1.xhtml"), ("II", "2.xhtml#two"), ("III", "2.xhtml#three")]))
    assert titles_and_texts(documents_of(tmp_path / "b.epub", old)) == expected


def test_the_parts_of_a_book_are_no_documents_where_its_chapters_are_files(tmp_path: Path) -> None:
    files = {
        "p.xhtml": page("<h1>Part One</h1>"),
        "1.xhtml": page("<h2>I</h2><h3 id='s'>A section</h3><p>The mill.</p>"),
        "2.xhtml": page("<h2>II</h2><p>The beam.</p>"),
    }
    chapters = '<li><a href="1.xhtml">I</a><ol><li><a href="1.xhtml#s">A section</a></li></ol></li>'
    chapters += '<li><a href="2.xhtml">II</a></li>'
    contents = nav(f'<li><a href="p.xhtml">Part One</a><ol>{chapters}</ol></li>')
    documents = documents_of(tmp_path / "a.epub", epub(files, nav=contents))
    assert titles_and_texts(documents) == [("I", "I\n\nA section\n\nThe mill."), ("II", "II\n\nThe beam.")]


def test_what_is_no_text_of_the_book_is_left_out(tmp_path: Path) -> None:
    body = (
        "<h1>One<br/>of two</h1><script>var x = 'Xyzzy';</script>"
        '<p>The mill<a epub:type="noteref" href="#n">1</a> stopped<sup><a href="#m">[2]</a></sup>.</p>'
        '<aside epub:type="footnote" id="n">Xyzzy.</aside><img src="data:image/png;base64,AAAA" alt="Xyzzy"/>'
        "<ul><li>one</li><li>two<ul><li>three</li></ul></li></ul><table><tr><td>a</td><td>b</td></tr>"
        "<tr><td>c</td><td>d</td></tr></table><p>漢<ruby>字<rt>じ</rt></ruby></p><pre>x\n  y</pre><!-- Xyzzy -->"
    )
    files = {
        "cover.xhtml": page('<img src="cover.png" alt=""/>'),
        "t.xhtml": page("<p>Ines Marr</p>"),
        "1.xhtml": page(body),
    }
    text = "One of two\n\nThe mill stopped.\n\n- one\n- two\n- three\n\na | b\nc | d\n\n漢字\n\nx\ny"
    assert text_of(tmp_path / "a.epub", epub(files, nav=nav('<li><a href="1.xhtml">One</a></li>'))) == text


def test_a_book_may_stay_whole_or_be_cut_at_lines(tmp_path: Path) -> None:
    book = epub({"a.xhtml": page(ONE), "b.xhtml": page(TWO)})
    (whole,) = documents_of(tmp_path / "a.epub", book, split="none")
    assert (whole["id"], whole["title"]) == ("a.epub", "The mill of Aldwick")
    assert whole["text"] == "One\n\nThe mill stopped.\n\nTwo\n\nThe beam cracked—at night."
    (cut,) = documents_of(tmp_path / "a.epub", split="Two")
    assert (cut["id"], cut["text"]) == ("a.epub#1", "Two\n\nThe beam cracked—at night.")


def test_a_file_that_is_no_xml_is_read_as_html(tmp_path: Path) -> None:
    book = epub({"a.xhtml": "<html><body><h1>One<p>The mill<br>stopped.<p>Tom & Ines.</body>"})
    assert text_of(tmp_path / "a.epub", book).split("\n\n")[-1] == "Tom & Ines."


def test_a_book_of_pictures_and_a_protected_one_are_refused_by_name(tmp_path: Path) -> None:
    assert refusal_of(tmp_path / "a.epub", epub({"a.xhtml": page('<img src="1.png" alt=""/>')})).startswith(
        "an EPUB without text: its pages are pictures"
    )
    encryption = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData '
        'xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
    )
    drm = {"META-INF/encryption.xml": encryption.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}
    assert "(DRM)" in refusal_of(tmp_path / "b.epub", epub({"a.xhtml": page(ONE)}, others=drm))
    fonts = {"META-INF/encryption.xml": encryption.format("http://www.idpf.org/2008/embedding")}
    assert text_of(tmp_path / "c.epub", epub({"a.xhtml": page(ONE)}, others=fonts)) == "One\n\nThe mill stopped."


def test_a_book_that_lacks_files_says_so(tmp_path: Path) -> None:
    book = zipfile.ZipFile(io.BytesIO(epub({"a.xhtml": page(ONE), "b.xhtml": page(TWO)})))
    members = {name: book.read(name) for name in book.namelist() if name != "OEBPS/b.xhtml"}
    (document,) = documents_of(tmp_path / "a.epub", archive(members))
    assert document["metadata"] == {**METADATA, "left_out": "1 file that the book lacks"}
    del members["OEBPS/a.xhtml"]
    assert "files of its text are missing" in refusal_of(tmp_path / "b.epub", archive(members))
