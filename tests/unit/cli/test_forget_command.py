"""`gistream forget` where there is no Kafka: what it prints, asks and refuses, and how it ends."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from archives import summary

from streaming.archive import Archive, ArchiveLocation
from streaming.cli.main import app
from streaming.errors import run_command
from streaming.storage import Folder
from streaming.store import Labels, Store, hash_of_id

SECRET = "The zanzibar mill burned."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data dir with a store, and an archive; each has something of the documents a and b."""
    archive = Archive(ArchiveLocation(str(tmp_path / "archive")))
    archive.write([summary(0, name="a", text=SECRET), summary(1, name="b")], name="q-0")
    store = Store(Folder(str(tmp_path / "data" / "store")))
    for key, name in (("aa" * 32, "a"), ("bb" * 32, "b")):
        asyncio.run(store.put("summaries", key, Labels("", "r", 0.0, hash_of_id(name)), {"summary": SECRET + name}))
    return tmp_path


def forget(folder: Path, *arguments: str) -> int:
    places = ["--data-dir", str(folder / "data"), "--parquet", str(folder / "archive")]
    return run_command(lambda: app(["forget", *arguments, *places], standalone_mode=False))


def left(folder: Path) -> list[str]:
    """Return the ids of which the archive and the store have something."""
    rows = [row for path in folder.glob("archive/summaries/*/*") for row in pq.read_table(path)["id"].to_pylist()]
    marks = {path.name.split(".")[1] for path in folder.rglob("*.user")}
    return sorted([*rows, *(name for name in "ab" if hash_of_id(name) in marks)])


def test_a_document_is_gone_and_what_was_there_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert forget(folder, "a", "--yes") == 0
    assert left(folder) == ["b", "b"]
    assert [line.split(":")[-1].strip() for line in capsys.readouterr().out.splitlines()] == [
        "a",
        "1 entry",
        "1 summary",
        "No Kafka is known here, so no topic was looked into; name one with --bootstrap-servers.",
        "1 document",
    ]


def test_a_dry_run_removes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert forget(folder, "a", "--dry-run") == 0
    assert left(folder) == ["a", "a", "b", "b"]
    assert "archive: 1 summary" in capsys.readouterr().out


def test_an_id_of_which_nothing_is_found_is_named_and_the_others_are_forgotten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forget(folder, "a", "nobody", "--yes") == 12
    assert left(folder) == ["b", "b"]
    assert "Nothing was found of 1 id: nobody." in capsys.readouterr().err
    # What was forgotten a while ago is unknown, too.
    assert forget(folder, "a", "--yes") == 12


def test_ids_come_from_a_file_as_they_stand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ids").write_text("\ufeffa\r\n\nno such id\nb\na\n")
    assert forget(folder, "--ids-from", str(folder / "ids"), "--yes", "--json") == 12
    report = json.loads(capsys.readouterr().out)
    assert {item["id"]: item["store_entries"] for item in report["documents"]} == {"a": 1, "no such id": 0, "b": 1}
    assert report["documents"][0]["archives"] == {str(folder / "archive"): {"summaries": 1}}
    assert left(folder) == []


@pytest.mark.parametrize("answer", [True, False])
def test_it_asks_first(
    folder: Path, answer: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", lambda question, **_: question == "Forget 1 document?" and answer)
    assert forget(folder, "a") == 0
    assert (left(folder) == ["b", "b"]) is answer
    assert ("nothing was removed" in capsys.readouterr().err) is not answer


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a"], "Nobody can be asked without a terminal; say --yes, or --dry-run"),
        (["--yes"], "Name the documents by their ids"),
        (["--yes", "--ids-from", "nowhere"], "nowhere cannot be read"),
    ],
)
def test_a_wrong_call_removes_nothing(
    folder: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forget(folder, *arguments) == 2
    assert sentence in capsys.readouterr().err
    assert left(folder) == ["a", "a", "b", "b"]


def test_an_archive_that_cannot_be_read_is_named_and_the_store_is_emptied(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [path] = folder.glob("archive/summaries/*/*")
    broken = path.with_name("broken.parquet")
    broken.write_bytes(b"PAR1")
    assert forget(folder, "a", "--yes") == 13
    printed = capsys.readouterr().err
    assert "broken.parquet" in printed
    assert "Something of these documents remains" in printed
    broken.unlink()
    assert left(folder) == ["a", "b", "b"]


def test_a_file_that_is_being_written_may_be_of_the_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "data" / "store" / "_building" / "cut").write_text(SECRET)
    assert forget(folder, "a", "--yes") == 13
    assert "forget again in a minute" in capsys.readouterr().err


def test_an_entry_of_which_nobody_can_tell_whose_it_is_goes_and_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [mark] = folder.glob(f"data/store/summaries/bb/*.{hash_of_id('b')}.user")
    mark.unlink()
    assert forget(folder, "a", "--yes") == 0
    assert "1 entry of an older gistream" in capsys.readouterr().out
    assert list(folder.glob("data/store/summaries/*/*.json")) == []
