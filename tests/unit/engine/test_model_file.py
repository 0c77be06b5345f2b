from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from streaming.engine import open_model
from streaming.errors import ModelError


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        open_model(str(path))
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_missing_file_is_named_and_the_sample_suggested(tmp_path: Path) -> None:
    assert "'sample'" in refusal(tmp_path / "none.gguf")


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    assert "no model file" in refusal(tmp_path)


def test_the_users_home_is_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ModelError) as caught:
        open_model("~/none.gguf")
    assert str(tmp_path / "none.gguf") in str(caught.value)


def test_a_name_that_no_disk_takes_is_one_sentence(tmp_path: Path) -> None:
    assert "File name too long" in refusal(tmp_path / ("ü" * 200 + ".gguf"))


def test_a_path_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(ModelError, match="is not UTF-8; rename it"):
        open_model(os.fsdecode(b"/models/j\xfcrgen.gguf"))


@pytest.mark.parametrize("magic", [b"lmgg", b"fmgg", b"tjgg", b"algg"])
def test_a_file_from_before_gguf_is_recognized(tmp_path: Path, magic: bytes) -> None:
    path = tmp_path / "old.bin"
    path.write_bytes(magic + bytes(100))
    assert "older than GGUF" in refusal(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GG",
        b"gguf" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        b"<!DOCTYPE html><title>401 Unauthorized</title>",
        b"version https://git-lfs.github.com/spec/v1\n",
        random.Random(0).randbytes(4096),
    ],
    ids=["empty", "cut", "lower case", "a zip", "a web page", "a pointer", "random"],
)
def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    assert "no GGUF file" in refusal(path)
