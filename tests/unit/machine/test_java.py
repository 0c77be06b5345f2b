"""Jars: a partial one, and two that are fetched at once. Needs no network."""

from __future__ import annotations

import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jgo
import pytest

from streaming.errors import MachineError
from streaming.machine.java import resolve_jars


@dataclass(frozen=True)
class Artifact:
    """Stands for jgo's: fetched in place, and taken as it is when there is something."""

    path: Path
    whole: bool = True

    def resolve(self) -> Path:
        if not self.path.exists():
            if not self.whole:
                raise RuntimeError("Artifact a:b:1 not found in remote repositories")
            with self.path.open("wb") as file:
                time.sleep(0.05)
                with zipfile.ZipFile(file, "w") as jar:
                    jar.writestr("A.class", b"a" * 10_000)
        return self.path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("M2_REPO", str(tmp_path))
    return tmp_path


def offer(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jgo, "resolve", lambda coordinates: [artifact])


def test_a_jar_of_which_a_kill_left_a_part_is_fetched_again(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(Artifact(repository / "a.jar"), monkeypatch)
    [jar] = resolve_jars(["a:b:1"])
    jar.write_bytes(jar.read_bytes()[:-100])
    assert resolve_jars(["a:b:1"]) == [jar]
    assert zipfile.is_zipfile(jar)


def test_one_that_cannot_be_fetched_again_is_an_error_with_what_to_do(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(Artifact(repository / "a.jar", whole=False), monkeypatch)
    (repository / "a.jar").write_bytes(b"PK, and then nothing")
    with pytest.raises(MachineError, match="not found in remote repositories; the first start needs a network"):
        resolve_jars(["a:b:1"])


def test_two_that_fetch_at_once_both_have_whole_jars(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(Artifact(repository / "a.jar"), monkeypatch)
    with ThreadPoolExecutor(4) as pool:
        whole = list(pool.map(lambda _: zipfile.is_zipfile(resolve_jars(["a:b:1"])[0]), range(4)))
    assert whole == [True] * 4
