from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from producers.watch.moving import move, write_reason


@pytest.fixture(params=["same file system", "another file system", "no hard links"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have a system that can link to the place, or not."""
    numbers = {"another file system": errno.EXDEV, "no hard links": errno.EPERM}
    if number := numbers.get(request.param):

        def link(*_arguments: object, **_named: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "link", link)
    return str(request.param)


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.usefixtures("where")
def test_a_file_moves_with_its_folders(tmp_path: Path) -> None:
    source = put(tmp_path / "in/sub/a.txt", "new")
    os.utime(source, (1, 1))
    place = move(source, tmp_path / "done", "sub/a.txt")
    assert place == tmp_path / "done/sub/a.txt"
    assert (place.read_text(), place.stat().st_mtime) == ("new", 1)
    assert not source.exists()


@pytest.mark.usefixtures("where")
def test_no_file_is_overwritten(tmp_path: Path) -> None:
    put(tmp_path / "done/a.txt", "first")
    put(tmp_path / "done/a-1.txt", "second")
    place = move(put(tmp_path / "in/a.txt", "third"), tmp_path / "done", "a.txt")
    assert place.name == "a-2.txt"
    assert sorted((file.name, file.read_text()) for file in (tmp_path / "done").iterdir()) == [
        ("a-1.txt", "second"), ("a-2.txt", "third"), ("a.txt", "first"),
    ]  # fmt: skip


def test_a_move_that_was_killed_half_way_leaves_one_file_in_the_end(tmp_path: Path) -> None:
    source = put(tmp_path / "in/a.txt", "text")
    (tmp_path / "done").mkdir()
    (tmp_path / "done/a.txt").hardlink_to(source)
    assert move(source, tmp_path / "done", "a.txt") == tmp_path / "done/a.txt"
    assert [file.name for file in (tmp_path / "done").iterdir()] == ["a.txt"]
    assert not source.exists()


def test_a_full_disk_leaves_the_file_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    source = put(tmp_path / "in/a.txt", "text")
    with pytest.raises(OSError, match="No space left"):
        move(source, tmp_path / "done", "a.txt")
    assert source.read_text() == "text"
    assert list((tmp_path / "done").iterdir()) == []


def test_a_reason_is_one_line_beside_the_file_and_keeps_its_name(tmp_path: Path) -> None:
    place = move(put(tmp_path / "in/a.pdf", "x"), tmp_path / "failed", "a.pdf")
    write_reason(place, "it is\nencrypted")
    assert (tmp_path / "failed/a.pdf.reason.txt").read_text() == "it is encrypted\n"
    place.unlink()
    # The reason that is still there is another file's.
    assert move(put(tmp_path / "in/a.pdf", "y"), tmp_path / "failed", "a.pdf").name == "a-1.pdf"
