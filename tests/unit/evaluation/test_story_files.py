"""The texts of an evaluation may be in whatever people have; what cannot be used is named."""

import gzip
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from evaluation.stories import Story
from evaluation.story_parts import read_stories
from streaming.errors import UsageError

STORIES = [
    Story("a", "The mill stopped.", ("It stopped.", "A mill stopped."), "en"),
    Story("b", "The beam, alas, broke.", ("It broke.",)),
]
ROWS = [
    {"id": "a", "text": "The mill stopped.", "references": ["It stopped.", "A mill stopped."], "language": "en"},
    {"id": "b", "text": "The beam, alas, broke.", "references": ["It broke."]},
]
LINES = "\n".join(map(json.dumps, ROWS)).encode()
CSV = (
    'id;text;references;language\na;The mill stopped.;"[""It stopped."", ""A mill stopped.""]";en\n'
    "b;The beam, alas, broke.;It broke.;\n"
)


def put(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def test_lines_and_tables_packed_or_not_have_the_same_stories(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    files = [
        put(tmp_path / "a.jsonl", LINES),
        put(tmp_path / "a.jsonl.gz", gzip.compress(LINES)),
        put(tmp_path / "lines.zst", zstandard.compress(LINES)),
        put(tmp_path / "a.csv", CSV.encode()),
        put(tmp_path / "a.csv.gz", gzip.compress(CSV.encode())),
        tmp_path / "a.parquet",
    ]
    for file in files:
        assert read_stories(file) == STORIES
        assert read_stories(file, limit=1) == STORIES[:1]


def test_a_sheet_takes_documents_and_folders_and_names_what_it_leaves_out(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", b"The mill stopped.")
    put(tmp_path / "b.md", b"# One\n\nA.\n\n# Two\n\nB.\n")
    put(tmp_path / "c.mbox", b"no mailbox")
    lines: list[str] = []
    stories = read_stories(tmp_path, need_references=False, on_refusal=lines.append)
    assert [(story.id, story.text) for story in stories] == [
        ("a.txt", "The mill stopped."),
        ("b.md#1", "# One\n\nA."),
        ("b.md#2", "# Two\n\nB."),
    ]
    assert [line.partition(":")[0] for line in lines] == ["c.mbox"]
    assert len(read_stories(tmp_path / "b.md", need_references=False)) == 2


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("a.csv", b"id,text\na,One\n", "a.csv, row 1, has no `references`: a list of summaries that people wrote."),
        ("a.csv", b"id,text,summary\na,,S\n", "a.csv, row 1, cannot be used: its text is empty."),
        ("a.csv", b"id,body\na,One\n", "a.csv cannot be used: a table without a column 'text'"),
        ("a.parquet", b"PAR1 and no more", "a.parquet cannot be used: a Parquet file that is damaged"),
        ("a.jsonl.gz", gzip.compress(LINES)[:-9], "a.jsonl.gz is packed, and damaged or cut off."),
        ("", b"", "is a folder, and documents have no references; judge them with --sheet."),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, raw: bytes, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        read_stories(put(tmp_path / name, raw) if name else tmp_path)
    assert problem in str(error.value)
