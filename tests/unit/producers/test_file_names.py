"""A file has one name, however it is named and whatever else the call names; what is left out of a folder is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from producers.file_names import STDIN, find_files
from streaming.errors import NoDocuments, NotAcknowledged, UsageError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def put(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("text")


def names(*paths: str | Path) -> list[str]:
    return list(find_files(map(Path, paths)).paths().values())


@pytest.mark.parametrize("folder", ["notes", "notes/", "./notes", "notes/../notes", "../here/notes"])
def test_a_file_of_a_folder_is_named_by_its_path_within_the_folder(folder: str, tmp_path: Path) -> None:
    put("notes/a/letter.txt", "notes/letter.txt")
    assert names(folder) == ["a/letter.txt", "letter.txt"]
    assert names(tmp_path / "here" / "notes") == ["a/letter.txt", "letter.txt"]


@pytest.mark.parametrize(
    "path", ["notes/a/letter.txt", "./notes/a/letter.txt", "notes//a/../a/letter.txt", "../here/notes/a/letter.txt"]
)
def test_a_file_is_named_by_its_path_from_the_working_directory(path: str, tmp_path: Path) -> None:
    put("notes/a/letter.txt")
    assert names(path) == ["notes/a/letter.txt"]
    assert names(tmp_path / "here" / path) == ["notes/a/letter.txt"]


def test_a_file_elsewhere_is_named_by_its_absolute_path(tmp_path: Path) -> None:
    put("../elsewhere/letter.txt", "../here.txt")
    assert names("../elsewhere/letter.txt", "../here.txt") == [
        f"{tmp_path}/elsewhere/letter.txt",
        # A folder's name at the beginning of another name is no folder.
        f"{tmp_path}/here.txt",
    ]


def test_the_name_of_a_file_does_not_depend_on_the_other_files_of_the_call() -> None:
    put("a/letter.txt", "b/letter.txt", "letter.txt")
    alone = [names(path)[0] for path in ("a/letter.txt", "b/letter.txt", "letter.txt")]
    assert (
        names("a/letter.txt", "b/letter.txt", "letter.txt") == alone == ["a/letter.txt", "b/letter.txt", "letter.txt"]
    )


def test_a_link_keeps_its_own_name() -> None:
    put("../elsewhere/letter.txt")
    Path("notes").symlink_to("../elsewhere")
    Path("link.txt").symlink_to("../elsewhere/letter.txt")
    assert (names("notes/letter.txt"), names("link.txt")) == (["notes/letter.txt"], ["link.txt"])


def test_two_files_of_one_id_are_refused_before_anything_is_sent() -> None:
    put("jan/letter.txt", "feb/letter.txt", "letter.txt")
    for first, second in (("jan", "feb"), ("jan", "letter.txt")):
        with pytest.raises(UsageError, match=r"jan/letter\.txt and .*letter\.txt would both have the id 'letter\.txt'"):
            names(first, second)
    assert names(".") == ["feb/letter.txt", "jan/letter.txt", "letter.txt"]
    with pytest.raises(UsageError, match=r"both have the id 'letter\.txt'.* take --id path"):
        find_files([Path()]).last_parts()


def test_a_file_that_is_named_twice_is_sent_once() -> None:
    put("notes/letter.txt")
    assert names("notes", "notes/letter.txt", "notes/") == ["letter.txt"]


def test_a_file_is_sent_once_however_its_path_is_spelled(tmp_path: Path) -> None:
    put("a/l.txt", "b/l.txt")
    Path("link").symlink_to(tmp_path / "here" / "a")
    assert names("a/l.txt", "../here/a/l.txt", tmp_path / "here" / "a" / "l.txt", "link/l.txt") == ["a/l.txt"]
    assert names("a", "../here/a/l.txt", "link") == ["l.txt"]
    with pytest.raises(UsageError, match=r"would both have the id 'l\.txt'"):
        names("a", "b")


def test_a_file_of_another_kind_is_read_when_it_is_named_beside_its_folder() -> None:
    put("a/l.txt", "a/b.log", "a/c.log")
    files = find_files([Path("a"), Path("a/b.log"), Path("../here/a")])
    assert list(files.paths().values()) == ["l.txt", "a/b.log"]
    assert files.skipped == {".log": 1}


def test_a_name_that_is_no_text_becomes_an_id_that_is() -> None:
    put(os.fsdecode(b"gr\xfc\xdfe.txt"))
    assert names(".") == ["gr??e.txt"]


def test_the_last_part_of_a_path_can_be_the_name() -> None:
    put("notes/a/letter.txt", "b.log")
    assert list(find_files([Path("notes"), Path("b.log")]).last_parts().values()) == ["letter.txt", "b.log"]


def test_standard_input_has_a_name() -> None:
    assert names(STDIN) == ["stdin"]


def test_a_folder_is_searched_for_text_files_in_their_order() -> None:
    put("n/c.TXT", "n/a.txt", "n/deep/er/b.md", "n/d.png", "n/e", "n/f.rst", "n/folder.txt/inner.gif", "n/g.TXT.gz")
    assert names("n") == ["a.txt", "c.TXT", "deep/er/b.md", "f.rst", "g.TXT.gz"]


def test_a_file_that_is_named_may_be_called_anything_and_keeps_its_place() -> None:
    put("app.log", "folder/a.txt", "z.txt")
    assert list(find_files([Path("z.txt"), Path("folder"), Path("app.log")]).folders) == [
        Path("z.txt"),
        Path("folder/a.txt"),
        Path("app.log"),
    ]


def test_what_is_skipped_in_folders_is_counted_by_kind_in_one_line() -> None:
    put("n/a.txt", *(f"n/{name}" for name in ("a.png", "b.PNG", "c/c.png", "d.doc", "e.exe", "f.zip", "g.css", "h")))
    put("n/.DS_Store", "n/.git/config", "n/.git/notes.png")
    line = find_files([Path("n")]).skipped_line()
    assert line == (
        "skipped 8 files of other kinds: 3 .png, 1 .css, 1 .doc, 1 .exe, 1 .zip, 1 without an ending "
        "(name a file to have it read whatever its ending)"
    )


def test_nothing_is_said_of_a_folder_of_texts() -> None:
    put("n/a.txt", "n/b.md")
    assert find_files([Path("n")]).skipped_line() is None


def test_a_path_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"none\.txt"):
        find_files([Path("none.txt")])


def test_a_folder_without_text_files_is_named_and_what_is_in_it_counted() -> None:
    put("n/a.png")
    with pytest.raises(NoDocuments, match=r"no files to read in n; skipped 1 file of other kinds: 1 \.png .*\.txt"):
        find_files([Path("n")])
    Path("empty").mkdir()
    with pytest.raises(NoDocuments, match=r"no files to read in empty; those of a folder end in .*\.txt"):
        find_files([Path("empty")])


def test_a_loop_over_folders_goes_on_after_one_without_texts_as_after_a_bad_file() -> None:
    Path("empty").mkdir()
    with pytest.raises(NoDocuments) as caught:
        find_files([Path("empty")])
    assert caught.value.exit_code == NotAcknowledged.exit_code != UsageError.exit_code


def test_a_name_of_a_folder_with_signs_of_a_pattern_is_a_name() -> None:
    put("n [1]/a*.txt")
    assert names("n [1]") == ["a*.txt"]
    assert names("n [1]/a*.txt") == ["n [1]/a*.txt"]


def test_what_programs_keep_beside_a_document_is_neither_read_nor_missed() -> None:
    put("n/report.docx", "n/~$report.docx", "n/._report.docx", "n/.~lock.report.docx#")
    files = find_files([Path("n")])
    assert list(files.paths().values()) == ["report.docx"]
    assert files.skipped_line() is None
