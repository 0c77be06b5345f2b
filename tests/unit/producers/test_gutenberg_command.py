from __future__ import annotations

import hashlib
import json
import re
import shlex
from pathlib import Path

import pytest
from fake_mirror import serve, whole

from producers.cli import app
from streaming.errors import UsageError, run_command

ROOT = Path(__file__).parents[3]
BOOK = "".join(f"CHAPTER {number}\n\nThe mill burned on Tuesday.\n\n" for number in (1, 2, 3))


@pytest.fixture(autouse=True)
def _no_kafka(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GISTREAM_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "my-book.txt").write_text(BOOK)


def produce(*arguments: str) -> None:
    app(["gutenberg", *arguments], standalone_mode=False)


def test_the_list_names_each_chapter_with_its_words_and_needs_no_kafka(capsys: pytest.CaptureFixture[str]) -> None:
    produce("my-book.txt", "--list")
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        "my-book-c01       5  Chapter 1",
        "my-book-c02       5  Chapter 2",
        "my-book-c03       5  Chapter 3",
    ]
    assert "3 chapters, 15 words; 6 words are in none" in output.err


def test_the_list_is_json_for_a_machine_and_ends_at_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    produce("my-book.txt", "--list", "--json", "--limit", "1")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "id": "my-book-c01",
        "title": "Chapter 1",
        "words": 5,
        "metadata": {"chapter": "CHAPTER 1", "number": "1"},
    }


def test_a_number_is_a_book_to_download_whose_checksum_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve() as mirror:
        mirror.answers = [lambda handler: whole(handler, BOOK.encode())]
        for _ in range(2):
            produce("007", "--list", "--mirror", mirror.url)
            output = capsys.readouterr()
            assert "pg7-c01 " in output.out
            assert f"{tmp_path}/data/books/pg7.txt: SHA-256 {hashlib.sha256(BOOK.encode()).hexdigest()}" in output.err
    assert [path for path, _ in mirror.requests] == ["/epub/7/pg7.txt"]


def test_a_file_can_be_held_to_a_checksum_too() -> None:
    produce("my-book.txt", "--list", "--sha256", hashlib.sha256(BOOK.encode()).hexdigest())
    with pytest.raises(UsageError, match=r"my-book\.txt has the SHA-256"):
        produce("my-book.txt", "--list", "--sha256", "0" * 64)


def test_chapters_would_be_sent_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    produce("my-book.txt", "--limit", "2", "--dry-run", "--json")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["id"], row["words"]) for row in rows] == [("my-book-c01", 5), ("my-book-c02", 5)]


def test_a_wrong_book_is_one_sentence_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(lambda: produce("none.txt")) == 2
    assert capsys.readouterr().err == "gistream: The book none.txt cannot be read: No such file or directory.\n"


def test_the_commands_of_the_page_about_books_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "book.md").read_text(), re.DOTALL)
    commands = [shlex.split(line, comments=True)[3:] for line in block.splitlines() if " gutenberg " in line]
    assert len(commands) == 3
    for arguments in commands:
        produce(*arguments, *([] if "--list" in arguments else ["--list"]))
        assert "my-book-c01" in capsys.readouterr().out
