"""Markdown: cut at its headings and nowhere else, with the titles that its authors gave."""

from pathlib import Path

import pytest
from parts import only, parts, texts

from streaming.errors import BadInput

BOOK = """\
# The mill

Ines came *early*.

```
# no heading
```

## The beam

It cracked.

The flood
=========

> # quoted

Water rose.
"""
MILL = "# The mill\n\nInes came *early*.\n\n```\n# no heading\n```\n\n## The beam\n\nIt cracked."
FLOOD = "The flood\n=========\n\n> # quoted\n\nWater rose."


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_of_several_chapters_is_cut_at_them_and_not_in_code_or_quotations(tmp_path: Path) -> None:
    assert texts(put(tmp_path / "book.md", BOOK)) == [("1", "The mill", MILL), ("2", "The flood", FLOOD)]


def test_a_text_with_one_heading_of_the_first_level_stays_whole(tmp_path: Path) -> None:
    note = "# *Notes* on `mills`, [here](http://x.org)\n\n## One\n\nA.\n\n## Two\n\nB.\n"
    assert texts(put(tmp_path / "note.markdown", note)) == [("", "Notes on mills, here", note)]
    assert texts(put(tmp_path / "book.md", BOOK), "none") == [("", "The mill", BOOK)]


def test_headings_cuts_at_the_highest_level_that_there_is_more_than_once(tmp_path: Path) -> None:
    note = "# Notes\n\nFirst words.\n\n## One\n\nA.\n\n### Inner\n\n## Two ##\n\nB.\n"
    path = put(tmp_path / "note.md", note)
    assert texts(path, "headings") == [
        ("0", "Notes", "# Notes\n\nFirst words."),
        ("1", "One", "## One\n\nA.\n\n### Inner"),
        ("2", "Two", "## Two ##\n\nB."),
    ]
    # Without a word above the first one there is nothing to send.
    assert [name for name, _, _ in texts(put(path, note.replace("First words.", "")), "headings")] == ["1", "2"]


def test_front_matter_gives_the_title_and_is_no_text(tmp_path: Path) -> None:
    text = "---\ntitle: 'The mill: a report'\ntags: [a]\n---\n\n# Summary\n\nIt stopped.\n"
    assert texts(put(tmp_path / "a.md", text)) == [("", "The mill: a report", "# Summary\n\nIt stopped.\n")]


@pytest.mark.parametrize("text", ["---\n\nA rule, and words.\n\n---\n\nMore.\n", "---\na: [\n---\n\nBroken.\n"])
def test_what_is_no_front_matter_is_text(tmp_path: Path, text: str) -> None:
    assert only(put(tmp_path / "a.md", text)).text == text


def test_the_parts_of_a_book_know_their_book(tmp_path: Path) -> None:
    path = put(tmp_path / "book.md", "---\ntitle: Mills\n---\n" + BOOK)
    assert [part.metadata for part in parts(path)] == [{"document": "Mills"}] * 2  # type: ignore[union-attr]


def test_windows_lines_and_code_pages_are_read(tmp_path: Path) -> None:
    words = "Die Mühle stand still, weil der Müller über die Brücke gegangen war und die Läufer prüfte. " * 4
    (tmp_path / "a.md").write_bytes(f"# Mühle\r\n\r\n{words}\r\n\r\n# Brücke\r\n\r\n{words}\r\n".encode("cp1252"))
    assert texts(tmp_path / "a.md")[1] == ("2", "Brücke", f"# Brücke\n\n{words}")


def test_what_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe")
    with pytest.raises(BadInput, match="a PNG picture"):
        only(tmp_path / "a.md")
