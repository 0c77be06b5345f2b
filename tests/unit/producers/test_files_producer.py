from __future__ import annotations

import bz2
import hashlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from producers import jsonl
from producers.file_names import find_files
from producers.files import IdRule
from producers.files import read_files as read_named_files
from producers.formats.options import ReadOptions
from producers.formats.split import AUTO, Split
from producers.records import ProducerRecord, Refusal
from streaming.errors import UsageError

CHAPTERS = Split.parse("CHAPTER .+")


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def contents(records: list[ProducerRecord | Refusal]) -> list[dict[str, Any]]:
    assert not [document for document in records if isinstance(document, Refusal)]
    return [json.loads(document.value) for document in records if isinstance(document, ProducerRecord)]


def read_files(files: list[Path], split: Split, *, ids: IdRule = "name") -> list[ProducerRecord | Refusal]:
    return list(read_named_files(find_files(files), ReadOptions(split), ids=ids))


def read(path: Path, split: Split = AUTO) -> list[dict[str, Any]]:
    return contents(read_files([path], split))


def test_a_file_is_one_document_keyed_by_its_id(tmp_path: Path) -> None:
    (record,) = read_files([put(tmp_path / "a b.txt", "\n  A title \nAnd text.\n")], AUTO)
    assert isinstance(record, ProducerRecord)
    assert (record.name, record.key) == ("a b.txt", b"a b.txt")
    assert json.loads(record.value) == {"id": "a b.txt", "title": "A title", "text": "\n  A title \nAnd text.\n"}


def test_a_part_begins_with_each_heading_and_is_named_by_its_number(tmp_path: Path) -> None:
    text = "Preface.\nCHAPTER I\nOne.\nCHAPTER II\nTwo.\nCHAPTER III\nThree."
    documents = read(put(tmp_path / "book.txt", text), CHAPTERS)
    assert [document["id"] for document in documents] == ["book.txt#1", "book.txt#2", "book.txt#3"]
    assert [document["title"] for document in documents] == ["CHAPTER I", "CHAPTER II", "CHAPTER III"]
    assert "".join(document["text"] for document in documents) == text.removeprefix("Preface.\n")


def test_a_heading_counts_at_the_start_of_a_line_only(tmp_path: Path) -> None:
    text = "CHAPTER I\nSee CHAPTER II below.\n CHAPTER III is indented.\nchapter IV is not one."
    assert [document["text"] for document in read(put(tmp_path / "book.txt", text), CHAPTERS)] == [text]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_system_ends_them(tmp_path: Path, end: str) -> None:
    text = end.join(["CHAPTER I", "One.", "CHAPTER II", "Two."])
    documents = read(put(tmp_path / "book.txt", text), CHAPTERS)
    assert [document["title"] for document in documents] == ["CHAPTER I", "CHAPTER II"]
    assert documents[0]["text"].split() == ["CHAPTER", "I", "One."]


def test_a_raw_mail_and_a_notebook_are_their_texts_and_say_so(tmp_path: Path) -> None:
    put(tmp_path / "a.eml", "Message-ID: <1@x.org>\nFrom: Ines\nSubject: The mill\n\nThe mill stopped.\n")
    cells = [{"cell_type": "markdown", "source": "# Mills\n\nA beam cracked."}, {"cell_type": "code", "source": "1"}]
    put(tmp_path / "b.ipynb", json.dumps({"nbformat": 4, "cells": cells}))
    mail, notebook = contents(read_files([tmp_path], AUTO))
    assert (mail["title"], mail["text"], mail["metadata"]) == (
        "The mill", "The mill stopped.", {"from": "Ines", "message_id": "1@x.org"}
    )  # fmt: skip
    assert (notebook["title"], notebook["text"]) == ("Mills", "# Mills\n\nA beam cracked.")
    assert notebook["metadata"] == {"read_as": "a Jupyter notebook (1 cell of prose, without 1 other)"}


def test_a_file_that_was_encoded_for_its_way_is_read_or_refused_by_name(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", "Die M=C3=BChle steht still, und der M=C3=BCller schl=C3=A4ft.")
    put(tmp_path / "b.txt", "Die MÃ¼hle steht still, und der MÃ¼ller schlÃ¤ft.")
    put(tmp_path / "c.txt", " ".join(f"{byte:08b}" for byte in b"The mill stopped."))
    quoted, twice, refused = read_files([tmp_path], AUTO)
    for record, read_as in ((quoted, "quoted-printable"), (twice, "UTF-8 that was encoded twice")):
        assert isinstance(record, ProducerRecord)
        document = json.loads(record.value)
        assert document["text"] == "Die Mühle steht still, und der Müller schläft."
        assert document["metadata"] == {"read_as": read_as}
    assert refused == Refusal("c.txt", "written in binary character codes: decode it first")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = put(tmp_path / "book.txt", b"\xef\xbb\xbfCHAPTER I\r\nOne.")
    assert read(path)[0]["text"].startswith("CHAPTER I")
    assert len(read(path, CHAPTERS)) == 1


def test_any_script_is_sent_as_it_is(tmp_path: Path) -> None:
    text = "Глава 1\n山村里有一座桥。😀\x00\x0b"
    (document,) = read(put(tmp_path / "книга.txt", text))
    assert (document["id"], document["text"], document["title"]) == ("книга.txt", text, "Глава 1")


def test_a_title_is_not_a_whole_file(tmp_path: Path) -> None:
    assert len(read(put(tmp_path / "a.txt", "word " * 10_000))[0]["title"]) <= 200


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"Gr\xfc\xdfe", "not UTF-8: byte 2 of 5"), (b"", "empty"), (b" \n\t\n", "empty"), (b"\xef\xbb\xbf", "empty")],
)
def test_a_file_that_is_no_text_is_refused_by_name_and_the_rest_is_sent(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    files = [put(tmp_path / "a.txt", "A."), put(tmp_path / "b.txt", content), put(tmp_path / "c.txt", "C.")]
    first, refused, last = read_files(files, AUTO)
    assert isinstance(refused, Refusal)
    assert refused.name == "b.txt"
    assert reason in refused.reason
    assert [document["id"] for document in contents([first, last])] == ["a.txt", "c.txt"]


def test_a_file_without_the_heading_is_refused_by_name(tmp_path: Path) -> None:
    (refused,) = read_files([put(tmp_path / "a.txt", "No chapters.")], CHAPTERS)
    assert refused == Refusal("a.txt", "no line begins with 'CHAPTER .+'")


def test_a_file_that_went_away_is_refused_by_name(tmp_path: Path) -> None:
    files = find_files([put(tmp_path / "gone.txt", "A.")])
    (tmp_path / "gone.txt").unlink()
    (refused,) = read_named_files(files, ReadOptions(), ids="name")
    assert refused == Refusal("gone.txt", "No such file or directory")


def test_a_file_whose_name_is_no_utf8_costs_nobody_else_anything(tmp_path: Path) -> None:
    files = [put(tmp_path / os.fsdecode(b"gr\xfc\xdfe.txt"), "A."), put(tmp_path / "b.txt", "B.")]
    records = read_files(files, AUTO)
    assert len(records) == 2
    assert contents(records[1:])[0]["id"] == "b.txt"


def test_an_id_may_be_the_sha256_of_the_text_whatever_the_files_are_called(tmp_path: Path) -> None:
    text = "CHAPTER I\nDie Mühle.\n"
    files = [put(tmp_path / "a.txt", text), put(tmp_path / "b.txt", text), put(tmp_path / "c.txt", f"{text}{text}")]
    records = read_files(files, CHAPTERS, ids="sha256")
    assert [record.name.split("/")[-1] for record in records] == ["a.txt#1", "b.txt#1", "c.txt#1", "c.txt#2"]
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert {document["id"] for document in contents(records)} == {digest}
    assert {record.key for record in records if isinstance(record, ProducerRecord)} == {digest.encode()}


def test_a_file_that_begins_with_a_paragraph_has_its_own_name_as_its_title(tmp_path: Path) -> None:
    records = read_files(
        [put(tmp_path / "The mill.txt", "It stopped. " * 30), put(tmp_path / "b.txt", "The beam\n\nIt broke.")], AUTO
    )
    assert [document["title"] for document in contents(records)] == ["The mill", "The beam"]


def test_split_takes_a_word_a_number_of_pages_or_a_regular_expression() -> None:
    assert Split.parse("auto") == Split.parse("Auto") == AUTO
    assert Split.parse("pages:20").pages == 20
    assert CHAPTERS.heading == re.compile("CHAPTER .+")
    with pytest.raises(UsageError, match=r"'\(CHAPTER' is none"):
        Split.parse("(CHAPTER")
    for argument in ("pages:", "pages:0", "pages:ten", "pages", "pages=20", "page:20"):
        with pytest.raises(UsageError, match=f"a number of pages.* not '{argument}'"):
            Split.parse(argument)


def lines(raw: bytes, **options: str) -> list[ProducerRecord | Refusal]:
    return list(jsonl.read_json_lines(io.BytesIO(raw), "docs.jsonl", **options))


def test_a_line_is_sent_byte_for_byte_keyed_by_its_id() -> None:
    raw = b'{"id": "a",  "text": "\\u00e9\xc3\xa9", "other": 1}'
    assert lines(raw + b"\n") == [ProducerRecord("docs.jsonl:1", b"a", raw)]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'{"id": 5}', b"5"), (b'{"id": "\xc3\xa9"}', b"\xc3\xa9"), (b"{}", None), (b'{"id": null}', None),
        (b'{"id": true}', None), (b'{"id": 1.5}', b"1.5"), (b'{"id": ["a"]}', b'["a"]'),
        (b'{"id": 4711.0}', b"4711"), (b'{"id": "4711.0"}', b"4711"), (b'{"id": "a", "title": "\xfc"}', b"a"),
        (b'{"id": "\xfc"}', b"\\xfc"), (b'{"id": NaN}', None),
    ],
)  # fmt: skip
def test_the_key_of_a_line_is_the_id_that_a_query_gives_it(line: bytes, key: bytes | None) -> None:
    assert lines(line) == [ProducerRecord("docs.jsonl:1", key, line)]


def test_blank_lines_are_left_out_but_counted_and_lines_may_end_in_crlf() -> None:
    assert lines(b'{"id": 1}\r\n\r\n  \n{"id": 2}\r\n') == [
        ProducerRecord("docs.jsonl:1", b"1", b'{"id": 1}'),
        ProducerRecord("docs.jsonl:4", b"2", b'{"id": 2}'),
    ]


@pytest.mark.parametrize(
    "bad",
    [b"no", b'{"a": ', b'{"text": "\xff"}', b"[1]", b'"a"', b"5", b"null", b"{}{}"],
    ids=lambda bad: bad[:20].decode(errors="replace"),
)  # fmt: skip
def test_a_line_that_is_no_json_object_is_refused_by_its_number_and_the_rest_is_sent(bad: bytes) -> None:
    first, refused, last = lines(b'{"id": 1}\n' + bad + b'\n{"id": 3}')
    assert isinstance(refused, Refusal)
    assert refused.name == "docs.jsonl:2"
    assert "JSON" in refused.reason
    assert [document.key for document in (first, last) if isinstance(document, ProducerRecord)] == [b"1", b"3"]


def test_a_refusal_never_holds_the_documents_text() -> None:
    (refused,) = lines(b'{"text": "Xyzzy" Xyzzy}')
    assert isinstance(refused, Refusal)
    assert "Xyzzy" not in refused.reason


def test_a_byte_order_mark_costs_no_line() -> None:
    (record,) = lines(b'\xef\xbb\xbf{"id": 1}\n')
    assert isinstance(record, ProducerRecord)
    assert record.key == b"1"


def test_the_id_may_be_in_another_field() -> None:
    assert [d.key for d in lines(b'{"doc_id": 7, "id": 1}', id_field="doc_id") if isinstance(d, ProducerRecord)] == [
        b"7"
    ]


def test_the_id_may_be_in_an_object_as_for_the_reader() -> None:
    assert [d.key for d in lines(b'{"doc": {"id": 7}}', id_field="doc.id") if isinstance(d, ProducerRecord)] == [b"7"]


def test_a_file_in_a_code_page_says_which_and_one_in_utf16_is_read_as_it_is(tmp_path: Path) -> None:
    text = "Мельник закрыл шлюз в семь часов утра и послал за колесником. Ремонт займёт девять дней."
    (document,) = read(put(tmp_path / "a.txt", text.encode("cp1251")))
    assert (document["text"], document["metadata"]) == (text, {"encoding": "Windows-1251"})
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32-be"):
        (document,) = read(put(tmp_path / "a.txt", text.encode(encoding)))
        assert document["text"] == text
        assert "metadata" not in document


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bz2.compress(b"The mill burned."), "compressed with bzip2: unpack it first"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0d", "a PNG picture: convert it to text first"),
        (b"VGhlIG1pbGwgYnVybmVkLg==\n", "written in Base64: decode it first"),
        (b"\0\0\0\0\x0c\x0cmill-1\x20The mill burned.", "framed by a schema registry (schema id 12): gistream reads"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    (refused,) = read_files([put(tmp_path / "a.txt", content)], AUTO)
    assert isinstance(refused, Refusal)
    assert refused.reason.startswith(reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"body": "A mill.", "id": 5}', "no text in 'text'; its fields are: body, id. Name the one that holds the"),
        (b"{}", "no text in 'text'; its fields are: none."),
        (b'{"text": null}', "no text in 'text'"),
        (b'{"text": " \\n"}', "its text is empty"),
    ],
)
def test_a_line_without_text_is_refused_with_a_way_out(line: bytes, reason: str) -> None:
    refused, sent = lines(line + b'\n{"text": "A mill."}', text_field="text")
    assert isinstance(refused, Refusal)
    assert reason in refused.reason
    assert isinstance(sent, ProducerRecord)


def test_the_text_may_be_in_another_field_or_of_a_kind_that_its_reader_judges() -> None:
    assert isinstance(lines(b'{"doc": {"body": "A mill."}}', text_field="doc.body")[0], ProducerRecord)
    assert isinstance(lines(b'{"text": ["A mill."]}', text_field="text")[0], ProducerRecord)


def test_a_refusal_lists_few_and_short_names_of_fields() -> None:
    line = json.dumps({f"{'word ' * 30}{number}": number for number in range(1000)}).encode()
    (refused,) = lines(line, text_field="text")
    assert isinstance(refused, Refusal)
    assert len(refused.reason) < 500


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (rb'{"id": "a", "text": "cut \ud83d"}', b"a"),
        (rb'{"id": "\ud83d", "text": "x"}', "\ufffd".encode()),
        (b'{"id": 4711.0, "text": "x"}', b"4711"),
    ],
)
def test_a_line_that_a_query_mends_is_sent(line: bytes, key: bytes) -> None:
    [record] = jsonl.read_json_lines(io.BytesIO(line), "d.jsonl", text_field="text")
    assert isinstance(record, ProducerRecord)
    assert (record.key, record.value) == (key, line)
