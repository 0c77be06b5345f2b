"""The roots of files that documents refer to."""

from __future__ import annotations

from pathlib import Path

import pytest
from settings_files import refusal

from streaming.settings import load, printable


def test_there_is_none_by_default() -> None:
    assert load().uri_roots == ()


def test_a_folder_is_the_same_for_executors_that_work_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    roots = load({"uri_roots": ["texts, s3://bucket/texts", "texts"]}).uri_roots
    assert roots == (str(tmp_path / "texts"), "s3://bucket/texts")


def test_a_login_in_a_root_is_masked() -> None:
    settings = load({"uri_roots": "s3://me:hunter2@bucket/texts?secret_key=hunter2"})
    assert "hunter2" not in str(printable(settings)["uri_roots"])


def test_an_empty_root_is_refused() -> None:
    assert "uri_roots" in refusal({"uri_roots": "/texts,"})
