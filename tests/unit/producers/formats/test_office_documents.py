"""A DOCX and an ODT are their paragraphs, lists and tables in order, and nothing that is deleted or hidden."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from format_reading import documents_of, refusal_of, text_of
from odfdo import Document, Header, List, Paragraph, Table
from PIL import Image

TEXT = (
    "The mill of Aldwick\n\nThe beam\n\nThe mill stopped on a Tuesday.\nNobody knew why.\n\n- a saw\n- a rope\n\n"
    "day | work\n1 | sawing\n\nThe wheel\n\nIt turned again."
)


def write_docx(path: Path) -> None:
    document = docx.Document()
    document.add_heading("The mill of Aldwick", level=0)
    document.add_heading("The beam", level=1)
    paragraph = document.add_paragraph("The mill ")
    paragraph.add_run("stopped").bold = True
    paragraph.add_run(" on a\tTuesday.\nNobody knew why.")
    hidden = document.add_paragraph().add_run("Xyzzy")
    hidden.font.hidden = True
    paragraph._p.append(parse_xml(f"<w:del {nsdecls('w')}><w:r><w:delText>Xyzzy</w:delText></w:r></w:del>"))
    for item in ("a saw", "a rope"):
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip((c for row in table.rows for c in row.cells), ("day", "work", "1", "sawing"), strict=True):
        cell.text = words
    picture = io.BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "png")
    document.add_picture(picture)
    document.add_heading("The wheel", level=1)
    inserted = document.add_paragraph()
    inserted._p.append(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>It turned again.</w:t></w:r></w:ins>"))
    document.sections[0].header.paragraphs[0].text = "Xyzzy"
    document.core_properties.title = "A template"
    document.save(str(path))


def write_odt(path: Path) -> None:
    document = Document("text")
    document.body.clear()
    title = Paragraph("The mill of Aldwick", style="Title")
    document.body.append(title)
    document.body.append(Header(1, "The beam"))
    paragraph = Paragraph("The mill  stopped on a\tTuesday.\nNobody knew why.")
    document.body.append(paragraph)
    paragraph.insert_annotation(after="stopped", body="Xyzzy", creator="Xyzzy")
    paragraph.insert_note(after="Tuesday.", note_id="n1", citation="1", body="Xyzzy")
    document.body.append(List(["a saw", "a rope"]))
    table = Table("Work", width=2, height=2)
    table.set_values([["day", "work"], [1, "sawing"]])
    document.body.append(table)
    document.body.append(Header(1, "The wheel"))
    document.body.append(Paragraph("It turned again."))
    document.save(str(path))


WRITERS = {"a.docx": write_docx, "a.odt": write_odt}


@pytest.mark.parametrize("name", WRITERS)
def test_a_document_is_its_text_in_order(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    (document,) = documents_of(tmp_path / name)
    assert document["text"] == TEXT
    assert (document["id"], document["title"]) == (name, "The mill of Aldwick")
    assert document.get("metadata") == ({"left_out": "1 picture"} if name == "a.docx" else None)


@pytest.mark.parametrize("name", WRITERS)
def test_a_document_is_cut_at_its_headings_when_it_is_asked_for(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    documents = documents_of(tmp_path / name, split="headings")
    assert [(document["id"], document["title"]) for document in documents] == [
        (f"{name}#0", "The mill of Aldwick"),
        (f"{name}#1", "The mill of Aldwick, The beam"),
        (f"{name}#2", "The mill of Aldwick, The wheel"),
    ]
    assert documents[2]["text"] == "The wheel\n\nIt turned again."


def test_a_document_without_text_is_refused_by_name(tmp_path: Path) -> None:
    docx.Document().save(str(tmp_path / "a.docx"))
    assert refusal_of(tmp_path / "a.docx") == "a DOCX without text"
    empty = Document("text")
    empty.body.clear()
    empty.save(str(tmp_path / "a.odt"))
    assert refusal_of(tmp_path / "a.odt") == "an ODT without text"


def test_a_document_is_found_by_what_is_in_it_whatever_it_is_called(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.txt")
    assert text_of(tmp_path / "a.txt") == TEXT
    write_odt(tmp_path / "a.docx")
    assert text_of(tmp_path / "a.docx") == TEXT


def test_a_cell_of_a_docx_has_the_words_of_its_text_box_once(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    both = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    markup = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    for cell, words in zip(table.rows[0].cells, ("day", "work"), strict=True):
        cell.text = words
    run = parse_xml(f'<w:r {nsdecls("w")} xmlns:mc="{markup}">{both}</w:r>')
    table.rows[0].cells[0].paragraphs[0]._p.append(run)
    document.save(str(tmp_path / "a.docx"))
    assert text_of(tmp_path / "a.docx") == "day boxed | work"


def test_a_cell_of_an_odt_has_no_notes_and_a_line_end_of_the_file_is_a_blank(tmp_path: Path) -> None:
    document = Document("text")
    document.body.clear()
    table = Table("Work", width=2, height=1)
    table.set_values([["day", "work"]])
    document.body.append(table)
    document.body.append(Paragraph("The mill\nstopped."))
    cell = document.body.get_elements("//table:table-cell")[0].get_elements("text:p")[0]
    cell.insert_annotation(after="day", body="Xyzzy", creator="Xyzzy")
    cell.insert_note(after="day", note_id="n1", citation="1", body="Xyzzy")
    document.save(str(tmp_path / "a.odt"))
    wrapped = tmp_path / "b.odt"
    with zipfile.ZipFile(tmp_path / "a.odt") as source, zipfile.ZipFile(wrapped, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"The mill<text:line-break/>stopped", b"The mill\n   stopped"))
    assert text_of(wrapped) == "day | work\n\nThe mill stopped."
