"""--dry-run: what would be sent and refused, without Kafka."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer

from producers.cli import app
from streaming.errors import NoDocuments, NotAcknowledged, UsageError
from streaming.operations.token_counter import open_token_counter
from streaming.settings import Settings, load

TEXT = "Anna saw the mill burn down."


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GISTREAM_DATA_DIR", str(tmp_path / "data"))


def dry_run(*arguments: str, counter: Any = None) -> None:
    main = typer.Typer()
    main.add_typer(app, name="produce", context_settings={"obj": counter})
    main(["produce", *arguments, "--dry-run"], standalone_mode=False)


def write(*lines: dict[str, Any]) -> str:
    Path("notes.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return "notes.jsonl"


def test_each_document_is_listed_with_its_id_and_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    dry_run("jsonl", write({"id": "a", "title": "The mill", "text": TEXT}, {"text": TEXT}), "--json")
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    value = len(json.dumps({"id": "a", "title": "The mill", "text": TEXT}))
    sizes = {"bytes": value + 1, "words": 6, "characters": 28}
    assert first == {"id": "a", "name": "notes.jsonl:1", "title": "The mill", **sizes}
    assert second["id"] == hashlib.sha256(TEXT.encode()).hexdigest()


def test_tokens_are_counted_by_whom_the_command_line_names(capsys: pytest.CaptureFixture[str]) -> None:
    opened = []

    @contextmanager
    def counter(settings: Settings) -> Iterator[Any]:
        opened.append(settings.model)
        yield len

    dry_run("jsonl", write({"id": "a", "text": TEXT}, {"id": "b", "text": "Anna"}), counter=counter)
    output = capsys.readouterr()
    assert opened == ["sample"]
    assert [line.split()[0] for line in output.out.splitlines()] == ["28", "4"]
    assert "dry run, nothing was sent: 2 documents, 32 tokens, 7 words, " in output.err


def test_the_models_own_tokens_are_those_of_the_text_alone() -> None:
    with open_token_counter(load()) as count:
        assert count("") == 0
        assert count("mill") == 1
        assert count(TEXT) == 7
        # A special token's name in a text is text.
        assert count("<|im_end|>") > 1


def test_what_would_be_refused_is_named_and_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    file = write({"id": "a", "text": TEXT}, {"body": TEXT}, {"id": "big", "text": "x" * 9_000_000})
    with pytest.raises(NotAcknowledged, match="2 of 3 documents would be refused"):
        dry_run("jsonl", file)
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 1
    assert "refused: notes.jsonl:2: no text in 'text'" in output.err
    assert "refused: notes.jsonl:3: 9,000,0" in output.err
    assert TEXT not in output.out + output.err


def test_people_see_the_first_rows_and_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    dry_run("jsonl", write(*({"id": str(number), "text": TEXT} for number in range(30))))
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 20
    assert "10 more; --json lists them all" in output.err
    assert "30 documents, 180 words" in output.err


def test_the_name_of_a_file_gives_the_terminal_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes").mkdir()
    Path("notes", "a\x1b[2J\nb.txt").write_text(TEXT)
    Path("notes", "c\x1b[2J.txt").write_text("")
    with pytest.raises(NotAcknowledged):
        dry_run("files", "notes")
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert len(shown.out.splitlines()) == 1


def test_a_folder_and_a_file_of_another_format_are_left_to_produce_files(tmp_path: Path) -> None:
    (tmp_path / "articles.csv").write_text("text\nThe mill stopped.\n")
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "articles.csv", "has no JSON Lines")):
        with pytest.raises(UsageError, match=f"{reason}.* gistream produce files"):
            dry_run("jsonl", str(path))


def test_nothing_to_send_and_flags_that_do_not_go_together_are_said() -> None:
    with pytest.raises(NoDocuments):
        dry_run("jsonl", write())
    with pytest.raises(UsageError, match="without --resume"):
        dry_run("jsonl", write({"text": TEXT}), "--resume", "notes.resume")
