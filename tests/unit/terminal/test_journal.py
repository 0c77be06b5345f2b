"""A journal is resumed by the code that wrote it, and by no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import streaming
from streaming.terminal import journal
from streaming.terminal.journal import this_code

PACKAGE = Path(streaming.__file__).parent
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
# Modules that stand beside the rooms, and a prompt, which is no Python.
OTHERS = ["protocol.py", "summarizer/prompts/default.toml"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the package, which `this_code` hashes in its place."""
    assert journal._PACKAGE == PACKAGE
    copy = tmp_path / "streaming"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(journal, "_PACKAGE", copy)
    return copy


def change(file: Path) -> None:
    file.write_text(f"{file.read_text()}# Changed.\n")


def test_there_are_rooms_to_change() -> None:
    assert {"cli", "engine", "pipeline", "spark", "summarizer", "terminal"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_changed_file_in_any_room_changes_the_code(package: Path, room: str) -> None:
    before = this_code()
    change(max((package / room).rglob("*.py")))
    assert this_code() != before


@pytest.mark.parametrize("file", OTHERS)
def test_a_changed_file_beside_the_rooms_changes_the_code(package: Path, file: str) -> None:
    before = this_code()
    change(package / file)
    assert this_code() != before


def test_a_copy_of_the_same_code_is_the_same_code(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = this_code()
    monkeypatch.setattr(journal, "_PACKAGE", PACKAGE)
    assert this_code() == copied


def test_more_folders_count_too(package: Path, tmp_path: Path) -> None:
    more = tmp_path / "benchmarks"
    more.mkdir()
    (more / "bench.py").write_text("")
    before = this_code(more)
    change(more / "bench.py")
    assert this_code(more) != before
