"""A PDF is its sections, ranges of its pages, or its whole text; what stands on every page is left out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from format_reading import documents_of, refusal_of, text_of
from pypdf import PdfWriter
from written_pdf import pdf

LINE = "The mill stood at the end of the lane, where the river turns to the south,"
BOOK = [
    [f"The Mill {number}", *lines, str(number)]
    for number, lines in enumerate(
        [
            ["Preface", LINE, "and nobody knew who had built it."],
            ["1 The beam", LINE, "until it cracked in the night."],
            [LINE, "and the miller sent for help.", "2 The wheel", LINE, "and turned no more."],
            [LINE, "said the wheel-", "wright on Thursday."],
        ],
        start=1,
    )
]
OUTLINE = [("The beam", 1), ("2 The wheel", 2)]


def test_a_pdf_is_a_document_for_each_section_of_its_outline(tmp_path: Path) -> None:
    documents = documents_of(tmp_path / "a.pdf", pdf(BOOK, outline=OUTLINE, title="A Chronicle"))
    assert [(document["id"], document["title"], document["metadata"]) for document in documents] == [
        ("a.pdf#0", "A Chronicle", {"pages": "1"}),
        ("a.pdf#1", "A Chronicle, The beam", {"pages": "2-3"}),
        ("a.pdf#2", "A Chronicle, 2 The wheel", {"pages": "3-4"}),
    ]
    assert [document["text"] for document in documents] == [
        f"Preface\n\n{LINE}\nand nobody knew who had built it.",
        f"1 The beam\n\n{LINE}\nuntil it cracked in the night.\n\n{LINE}\nand the miller sent for help.",
        f"2 The wheel\n\n{LINE}\nand turned no more.\n\n{LINE}\nsaid the wheelwright on Thursday.",
    ]


def test_a_pdf_is_cut_into_ranges_of_pages_when_it_is_asked_for(tmp_path: Path) -> None:
    documents = documents_of(tmp_path / "a.pdf", pdf(BOOK, outline=OUTLINE), split="pages:3")
    assert [(document["id"], document["metadata"]) for document in documents] == [
        ("a.pdf#p1-3", {"pages": "1-3"}),
        ("a.pdf#p4-4", {"pages": "4"}),
    ]
    assert documents[1]["text"] == f"{LINE}\nsaid the wheelwright on Thursday."


@pytest.mark.parametrize("split", ["none", "auto"])
def test_a_pdf_stays_whole_without_an_outline_or_when_it_is_asked_for(tmp_path: Path, split: str) -> None:
    outline = OUTLINE if split == "none" else ()
    (document,) = documents_of(tmp_path / "a.pdf", pdf(BOOK[:2], outline=outline), split=split)
    assert (document["id"], document["metadata"]) == ("a.pdf", {"pages": "1-2"})


def test_pages_without_text_are_counted_and_a_scanned_file_is_refused(tmp_path: Path) -> None:
    (document,) = documents_of(tmp_path / "a.pdf", pdf([["The mill stopped."], [], []]))
    assert document["metadata"] == {"pages": "1-3", "left_out": "2 pages without text"}
    assert refusal_of(tmp_path / "b.pdf", pdf([[], []])) == (
        "a PDF without text: its 2 pages may be scanned; have the text recognized first (OCR)"
    )


def test_a_pdf_is_found_by_its_first_bytes_whatever_it_is_called(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.txt", pdf([["The mill stopped."]])) == "The mill stopped."
    assert text_of(tmp_path / "a.pdf", "The mill stopped. It is no PDF.") == "The mill stopped. It is no PDF."


@pytest.mark.parametrize("before", [b"\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\nServer: mill\r\n\r\n"])
def test_a_pdf_may_begin_with_what_is_none_of_it(tmp_path: Path, before: bytes) -> None:
    assert text_of(tmp_path / "a.pdf", before + pdf([["The mill stopped."]])) == "The mill stopped."


def test_pages_that_lie_on_their_side_have_lines(tmp_path: Path) -> None:
    lines = ["The beam", LINE, "and the miller saw the wheel-", "wright.", "The wheel", LINE, "and turned no more."]
    (text,) = {text_of(tmp_path / f"{side}.pdf", pdf([lines], on_its_side=side)) for side in (False, True)}
    assert text.endswith(f"The wheel\n\n{LINE}\nand turned no more.")


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_pdf_that_forbids_to_be_printed_is_read_and_one_with_a_password_is_refused(
    tmp_path: Path, algorithm: str
) -> None:
    writer = PdfWriter(io.BytesIO(pdf([["The mill stopped."]])))
    writer.encrypt("", "the owner's", algorithm=algorithm)
    writer.write(tmp_path / "open.pdf")
    assert text_of(tmp_path / "open.pdf") == "The mill stopped."
    writer = PdfWriter(io.BytesIO(pdf([["The mill stopped."]])))
    writer.encrypt("the reader's", algorithm=algorithm)
    writer.write(tmp_path / "locked.pdf")
    assert refusal_of(tmp_path / "locked.pdf") == "a PDF that needs a password: save it without one"


def test_equal_pages_are_text(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.pdf", pdf([["A label."]] * 4)) == "\n\n".join(["A label."] * 4)


def test_running_heads_with_the_number_of_the_page_are_left_out_also_those_of_a_short_section(tmp_path: Path) -> None:
    heads = [f"1.{number}. The wheel of {name} {number}" for number, name in enumerate("ABCDEFGHIJ", start=1)]
    pages = [[f"{name} {LINE}", f"said {name} of them.", head] for name, head in zip("ABCDEFGHIJ", heads, strict=True)]
    pages[0] = ["1 The mill", f"A {LINE}", "1"]
    text = text_of(tmp_path / "a.pdf", pdf(pages))
    assert "The wheel of" not in text
    assert text.startswith("1 The mill\n\n")
    assert text.count("of them.") == 9


def test_the_entries_of_a_table_of_contents_are_left_out_and_the_prices_of_a_menu_are_not(tmp_path: Path) -> None:
    contents = ["Contents", *(f"{number} The beam . . . . . . . . . {number}" for number in range(1, 7)), "7 Index 7"]
    pages = [[f"{LINE} {name}.", "And so on."] for name in "ABCDEFG"]
    assert text_of(tmp_path / "a.pdf", pdf([contents, *pages])).startswith(f"Contents\n\n{LINE} A.")
    menu = ["Soup ......... 9", "Bread ........ 2", "Pie .......... 7", "Beer ......... 4", "Wine ......... 6"]
    assert text_of(tmp_path / "b.pdf", pdf([menu])) == "Soup ... 9\nBread ... 2\nPie ... 7\nBeer ... 4\nWine ... 6"


def test_a_title_page_before_the_first_section_is_no_document(tmp_path: Path) -> None:
    pages = [["A Chronicle", "by Anna Weber"], ["CHAPTER", "ONE", "The beam", LINE], ["The wheel", LINE]]
    documents = documents_of(tmp_path / "a.pdf", pdf(pages, outline=[("The beam", 1), ("The wheel", 2)]))
    assert [(document["id"], document["text"]) for document in documents] == [
        ("a.pdf#1", f"CHAPTER\n\nONE\n\nThe beam\n\n{LINE}"),
        ("a.pdf#2", f"The wheel\n\n{LINE}"),
    ]
