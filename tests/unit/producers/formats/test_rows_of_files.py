"""Rows and mails on their way to the topic: their ids, and what of them is refused, also from a child process."""

import gzip
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet

from producers.file_names import find_files
from producers.files import read_files
from producers.formats.options import ReadOptions
from producers.formats.split import AUTO
from producers.records import ProducerRecord, Refusal

OPTIONS = ReadOptions(AUTO, {"text": "body", "id": "nr"}, ("author",))
ROWS = [{"nr": 7, "body": "The mill stopped.", "author": "Ines"}, {"nr": None, "body": "It runs."}, {"nr": 9}]


def sent(folder: Path, options: ReadOptions = OPTIONS) -> tuple[list[dict[str, object]], list[Refusal]]:
    found = list(read_files(find_files([folder]), options))
    records = [json.loads(record.value or b"") for record in found if isinstance(record, ProducerRecord)]
    return records, [record for record in found if isinstance(record, Refusal)]


def test_the_rows_of_a_table_have_the_ids_of_their_field_else_their_number(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, ROWS)).encode()))
    records, refusals = sent(tmp_path)
    assert [(record["id"], record["text"], record.get("metadata")) for record in records] == [
        ("7", "The mill stopped.", {"author": "Ines"}),
        ("a.parquet#2", "It runs.", None),
        ("7", "The mill stopped.", {"author": "Ines"}),
        ("b.jsonl.gz#2", "It runs.", None),
    ]
    assert [refusal.name for refusal in refusals] == ["a.parquet#3", "b.jsonl.gz#3"]


def test_a_file_that_breaks_off_costs_no_other_file(tmp_path: Path) -> None:
    packed = gzip.compress("\n".join(map(json.dumps, ROWS * 1_000)).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.mbox").write_text("no mailbox")
    (tmp_path / "c.csv").write_text("nr,body\n,The mill stopped.\n")
    records, refusals = sent(tmp_path)
    assert [record["id"] for record in records] == ["c.csv#1"]
    assert [refusal.name for refusal in refusals] == ["a.jsonl.gz", "b.mbox"]


def test_a_table_without_a_column_that_field_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("number,body\n7,The mill stopped.\n")
    records, (refusal,) = sent(tmp_path)
    assert not records
    assert refusal.reason == "a table without a column 'nr', which --field names; its columns are number, body"
    options = ReadOptions(AUTO, {"text": "body", "id": "none"}, ("author",))
    assert [record["id"] for record in sent(tmp_path, options)[0]] == ["a.csv#1"]


def test_the_mails_of_a_mailbox_have_the_ids_of_their_messages(tmp_path: Path) -> None:
    mail = "From i@x.org Mon Mar  2 10:00:00 2026\nFrom: i@x.org\nMessage-ID: <4@x.org>\nSubject: Mill\n\nIt runs.\n"
    (tmp_path / "in.mbox").write_text(mail)
    records, _ = sent(tmp_path, ReadOptions())
    assert [(record["id"], record["title"]) for record in records] == [("in.mbox#4@x.org", "Mill")]
