from __future__ import annotations

import os
from pathlib import Path

import pytest

from producers.watch.names import printable
from producers.watch.scan import FoundFile, Stamp, WatchedFolder, matches
from producers.watch.settling import Settling


def put(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(folder: WatchedFolder) -> list[str]:
    return sorted(file.name for file in folder.files())


def everything(path: Path) -> WatchedFolder:
    return WatchedFolder(path, lambda _name: True)


def test_hidden_and_temporary_names_are_left_out(tmp_path: Path) -> None:
    for name in (
        ".hidden", "a.part", "a.txt.tmp", "a.crdownload", "a.txt~", ".~lock.a.odt#", "~$a.docx", "#a#", "a.swp",
        ".git/a.txt", "a.filepart",
    ):  # fmt: skip
        put(tmp_path / name)
    put(tmp_path / "a.txt")
    put(tmp_path / "b/party.txt")
    assert names(everything(tmp_path)) == ["a.txt", "b/party.txt"]


def test_no_link_is_followed_and_those_that_lead_out_are_told(tmp_path: Path) -> None:
    put(tmp_path / "in/a.txt")
    put(tmp_path / "out/secret.txt")
    (tmp_path / "in/out").symlink_to(tmp_path / "out")
    (tmp_path / "in/secret.txt").symlink_to("../out/secret.txt")
    (tmp_path / "in/again.txt").symlink_to("a.txt")
    (tmp_path / "in/circle").symlink_to(".")
    folder = everything(tmp_path / "in")
    assert names(folder) == ["a.txt"]
    assert sorted(folder.links) == ["out", "secret.txt"]


def test_what_is_no_ordinary_file_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert names(everything(tmp_path)) == []


def test_the_folders_of_files_that_are_done_are_not_looked_into(tmp_path: Path) -> None:
    put(tmp_path / "done/a.txt")
    put(tmp_path / "b.txt")
    folder = WatchedFolder(tmp_path, lambda _name: True, [tmp_path / "done"])
    assert names(folder) == ["b.txt"]
    assert folder.name_of(tmp_path / "done/a.txt") is None
    assert folder.name_of(tmp_path / "b.txt") == "b.txt"


def test_a_folder_that_cannot_be_listed_hides_its_files_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "a.txt")
    put(tmp_path / "closed/b.txt")
    listed = os.scandir

    # The tests may run as root, whom no permission keeps out.
    def scandir(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    folder = everything(tmp_path)
    assert names(folder) == ["a.txt"]
    assert folder.unreadable == {"closed": "Permission denied"}
    assert folder.hides("closed/b.txt")
    assert not folder.hides("a.txt")


def test_a_folder_that_is_gone_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        names(everything(tmp_path / "gone"))


def test_names_with_line_breaks_and_bytes_that_are_no_text_are_files_like_others(tmp_path: Path) -> None:
    for name in (b"two\nlines.txt", b"caf\xe9.txt"):
        (Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))).write_text("text")  # noqa: PTH118 - bytes
    found = names(everything(tmp_path))
    assert found == ["caf\udce9.txt", "two\nlines.txt"]
    assert list(map(printable, found)) == ["caf\\udce9.txt", "two\\nlines.txt"]


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("*.log", ["a.log", "sub/b.log"]),
        ("sub/*", ["sub/b.log", "sub/c.txt", "sub/deep/d.txt"]),
        ("*/deep/*.txt", ["sub/deep/d.txt"]),
    ],
)
def test_a_pattern_is_about_the_name_or_with_a_slash_about_the_path(pattern: str, matching: list[str]) -> None:
    all_names = ["a.log", "sub/b.log", "sub/c.txt", "sub/deep/d.txt"]
    assert list(filter(matches([pattern]), all_names)) == matching


def test_files_of_other_kinds_are_counted_by_their_ending(tmp_path: Path) -> None:
    for name in ("a.xyz", "b.XYZ", "README", ".c.xyz"):
        put(tmp_path / name)
    folder = WatchedFolder(tmp_path, matches(["*.txt"]))
    assert names(folder) == []
    assert folder.skipped == {".xyz": 2, "without an ending": 1}


def test_a_file_of_a_far_year_has_a_stamp_that_the_state_can_keep(tmp_path: Path) -> None:
    file = put(tmp_path / "a.txt")
    os.utime(file, ns=(2**63 + 10**12, 2**63 + 10**12))
    [found] = everything(tmp_path).files()
    assert found.stamp.modified == 2**63 - 1


def file(size: int) -> FoundFile:
    return FoundFile("a", Stamp(size, 1, 1))


def test_a_file_settles_when_it_did_not_change_for_the_seconds() -> None:
    settling = Settling(2)
    assert not settling.look("a", file(1), now=10)
    assert settling.due(11.9) == []
    assert settling.due(12) == ["a"]
    assert settling.look("a", file(1), now=12)


def test_a_file_that_grows_waits_from_its_last_change() -> None:
    settling = Settling(2)
    for second in range(30):
        assert not settling.look("a", file(second), now=second)
    assert settling.due(30.9) == []
    assert settling.look("a", file(29), now=31)


def test_a_file_that_is_gone_settles_as_gone() -> None:
    settling = Settling(2)
    settling.look("a", file(1), now=0)
    assert not settling.look("a", None, now=2)
    assert settling.look("a", None, now=4)
    settling.forget("a")
    assert len(settling) == 0
