"""Every text file that a user writes for gistream may begin with a byte order mark; another encoding is named."""

from __future__ import annotations

import bz2
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sheets import STORIES, page, saved

from benchmarks.texts import windows
from evaluation.ratings import read_ratings
from evaluation.story_parts import read_stories
from producers.file_names import find_files
from producers.files import read_files
from producers.formats.options import ReadOptions
from producers.gutenberg.book import read_book
from producers.jsonl import read_json_lines
from streaming.cli.prompts import check
from streaming.errors import UsageError
from streaming.settings import load
from streaming.summarizer.prompts import load_profiles
from streaming.text_files import parse_toml, read_text

MARK = b"\xef\xbb\xbf"
STORY = json.dumps({"id": "a", "text": "Ein Müller.", "references": ["x"]}, ensure_ascii=False)
BOOK = "Title: The Mill\n\nCHAPTER I\n\nA miller.\n\nCHAPTER II\n\nA mill.\n"


def settings_of(path: Path) -> Any:
    return load().query


def profile_of(path: Path) -> Any:
    return load_profiles(path.parent)["mine"].system


def checked_profile(path: Path) -> Any:
    check(None, [path])  # type: ignore[arg-type]


def records_of(path: Path) -> Any:
    with path.open("rb") as lines:
        return list(read_json_lines(lines, path.name))


def read_text_files(path: Path) -> Any:
    return list(read_files(find_files([path]), ReadOptions()))


# Every reader of a file that a user wrote: the file's name, its text, and what is read of it.
READERS: list[tuple[str, str, Callable[[Path], Any]]] = [
    ("gistream.toml", 'query = "mine"\n', settings_of),
    ("mine.toml", 'system = "Fasse für Jürgen zusammen."\n', profile_of),
    ("mine.toml", 'system = "Summarize."\n', checked_profile),
    ("stories.jsonl", f"{STORY}\n", read_stories),
    ("ratings.json", json.dumps(saved(page(STORIES))), lambda path: read_ratings([path]).by_rater),
    ("bench.txt", "one two three four", lambda path: windows(path.parent, words=3, count=1)),
    ("documents.jsonl", f"{STORY}\n", records_of),
    (
        "notes.txt",
        "A miller.\n",
        read_text_files,
    ),
    ("book.txt", BOOK, read_book),
]
# These read documents, whose encodings are another matter.
CONFIGURATION = READERS[:6]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GISTREAM_DATA_DIR", str(tmp_path / "data"))
    for name in ("CONFIG", "QUERY"):
        monkeypatch.delenv(f"GISTREAM_{name}", raising=False)


@pytest.mark.parametrize(("name", "text", "read"), READERS)
def test_a_byte_order_mark_changes_nothing(tmp_path: Path, name: str, text: str, read: Callable[[Path], Any]) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    without = read(path)
    path.write_bytes(MARK + text.replace("\n", "\r\n").encode())
    assert read(path) == without


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("name", "text", "read"), CONFIGURATION)
def test_utf_16_is_refused_in_one_sentence_that_names_the_file(
    tmp_path: Path, name: str, text: str, read: Callable[[Path], Any], encoding: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    with pytest.raises(UsageError, match=rf"{name} is no UTF-8 text; it may be UTF-16\. Save it as UTF-8\."):
        read(path)


@pytest.mark.parametrize(("name", "text", "read"), CONFIGURATION)
def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path, name: str, text: str, read: Callable[[Path], Any]) -> None:
    path = tmp_path / name
    path.write_bytes(b"\n\n" + text.encode() + b"# J\xfcrgen\n")
    line = 3 + text.count("\n")
    with pytest.raises(UsageError, match=rf"{name} is not UTF-8 in line {line}; save it as UTF-8"):
        read(path)


def test_files_put_one_after_the_other_have_their_marks_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "stories.jsonl"
    path.write_bytes(b"".join(MARK + STORY.replace('"a"', f'"{name}"').encode() + b"\n" for name in "ab"))
    assert [story.id for story in read_stories(path)] == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_lines_in_utf_16_are_read(encoding: str) -> None:
    records = read_json_lines(io.BytesIO(f"{STORY}\r\n{STORY}\n".encode(encoding)), "documents.jsonl")
    assert list(records) == list(read_json_lines(io.BytesIO(f"{STORY}\n{STORY}\n".encode()), "documents.jsonl"))


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (bz2.compress(STORY.encode()), "compressed with bzip2: unpack it first"),
        (f"{STORY}\n".encode("utf-16")[:-1], "not UTF-16, as its byte order mark says"),
    ],
)
def test_json_lines_that_are_no_text_are_refused_once_and_nothing_is_sent(raw: bytes, what: str) -> None:
    lines = io.BytesIO(raw)
    with pytest.raises(UsageError, match=rf"documents\.jsonl is {what}"):
        list(read_json_lines(lines, "documents.jsonl"))


def test_toml_that_cannot_be_parsed_is_named_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"mine\.toml is no TOML: .*line 2"):
        parse_toml("slots = 5\nslots =\n", "mine.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml cannot be read: No such file"):
        read_text(tmp_path / "none.toml")
