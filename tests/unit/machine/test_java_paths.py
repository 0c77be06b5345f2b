"""Paths for Java programs: what can be named is named, and what cannot is refused in one sentence."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from streaming.errors import CheckpointError, MachineError
from streaming.machine import java_paths
from streaming.machine.java_paths import check_path, class_path, java_environment, java_refusal, utf8_locale
from streaming.spark.checkpoint.checkpoint import Checkpoint, inspect_checkpoint

NASTY = [
    "my data, old",
    "jürgen",
    "日本",
    "a#b",
    "100%25 d",
    "a:b",
    "a=b",
    "it's",
    'a"b',
    "a\\b",
    "$HOME ${x}",
    "x" * 200,
]


@pytest.mark.parametrize("name", NASTY)
def test_java_may_use_any_path_that_is_text(name: str) -> None:
    assert java_refusal(Path("/data", name)) is None


@pytest.mark.parametrize(
    ("path", "why"), [(b"/data/j\xfcrgen", "is not UTF-8"), (b"/data/a\nb", "has control characters")]
)
def test_a_path_that_is_no_text_is_refused(path: bytes, why: str) -> None:
    named = Path(os.fsdecode(path))
    with pytest.raises(MachineError, match=why):
        check_path(named)
    with pytest.raises(CheckpointError, match=why):
        inspect_checkpoint(Checkpoint(str(named)))


def test_without_a_locale_of_utf_8_only_ascii_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java_paths, "utf8_locale", lambda: None)
    assert java_refusal(Path("/data/my data, old")) is None
    assert "no UTF-8 locale; install one" in str(java_refusal(Path("/data/jürgen")))
    assert java_environment() == dict(os.environ)


@pytest.mark.skipif(utf8_locale() is None, reason="this system has no UTF-8 locale, or needs none")
@pytest.mark.parametrize("own", ["C", "POSIX", "de_DE.UTF-8", "nowhere"])
def test_a_java_program_gets_a_locale_of_utf_8_whatever_the_users_is(monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    monkeypatch.setenv("LC_ALL", own)
    environment = java_environment()
    assert environment["LC_ALL"] == utf8_locale()
    done = subprocess.run(["locale", "charmap"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "UTF-8"


def test_a_class_path_names_its_jars_and_refuses_what_would_be_two() -> None:
    jars = [Path("/home/jürgen, s/a.jar"), Path("/home/jürgen, s/b.jar")]
    assert class_path(jars) == "/home/jürgen, s/a.jar:/home/jürgen, s/b.jar"
    with pytest.raises(MachineError, match=r"/m2:x/c\.jar, because of the ':'; set M2_REPO"):
        class_path([Path("/m2:x/c.jar")])
