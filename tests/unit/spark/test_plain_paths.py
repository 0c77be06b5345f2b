"""Folders for Spark's settings: one whose name means something there is named by a link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streaming.spark.jvm.plain_paths import plain_path


@pytest.mark.parametrize("temporary", ["tmp", "my tmp, old"])
@pytest.mark.parametrize("name", ["my data, old", "j\u00fcrgen", "a#b", "100%25", "a:b", "[a]{b}", "${x}", "it's"])
def test_a_name_that_means_something_to_spark_is_a_link_to_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, temporary: str
) -> None:
    (tmp_path / temporary).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / temporary))
    folder = tmp_path / name
    folder.mkdir()
    path = plain_path(folder)
    try:
        assert re.fullmatch(r"[\w./-]+", str(path), re.ASCII)
        (path / "block").touch()
        assert (folder / "block").exists()
        # Every start takes the same link.
        assert plain_path(folder) == path
    finally:
        path.unlink()


def test_links_to_folders_that_are_gone_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone, here = tmp_path / "a,b", tmp_path / "c,d"
    for folder in (gone, here):
        folder.mkdir()
    link = plain_path(gone)
    gone.rmdir()
    plain_path(here)
    assert not link.is_symlink()


def test_a_plain_name_needs_no_link(tmp_path: Path) -> None:
    assert plain_path(tmp_path) == tmp_path
