"""Which class archive a start uses; Java and Spark themselves are in tests/spark/."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.errors import MachineError
from streaming.spark.jvm.class_archive import class_archive, reading_options, writing_options

JARS = [Path("/maven/connector-1.jar")]
CONTENT = b"all classes of Spark"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.spark.jvm.class_archive.user_cache_path", lambda name: tmp_path / "cache" / name)


def java(folder: Path, version: str) -> Path:
    """Make a program that says it is Java of `version`."""
    program = folder / f"java-{version}"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return program


def store(program: Path) -> Path:
    """Put an archive where a start with this Java looks for it."""
    archive = class_archive(program, JARS)
    archive.folder.mkdir(parents=True, exist_ok=True)
    archive.path(len(CONTENT)).write_bytes(CONTENT)
    return archive.path(len(CONTENT))


def test_a_start_uses_the_archive_that_is_there(tmp_path: Path) -> None:
    program = java(tmp_path, "17.0.15")
    assert reading_options(program, JARS) == []
    path = store(program)
    assert f"-XX:SharedArchiveFile={path}" in reading_options(program, JARS)


def test_an_archive_of_another_java_or_another_connector_is_not_used(tmp_path: Path) -> None:
    program = java(tmp_path, "17.0.15")
    store(program)
    assert reading_options(java(tmp_path, "17.0.16"), JARS) == []
    assert reading_options(program, [Path("/maven/connector-2.jar")]) == []


def test_an_archive_that_was_cut_off_is_not_used(tmp_path: Path) -> None:
    program = java(tmp_path, "17.0.15")
    store(program).write_bytes(CONTENT[:-1])
    assert reading_options(program, JARS) == []


def test_a_cache_that_cannot_be_looked_at_stops_no_start(tmp_path: Path) -> None:
    program = java(tmp_path, "17.0.15")
    path = store(program)
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    assert reading_options(program, JARS) == []


def test_no_archive_is_written_where_java_options_cannot_name_it(tmp_path: Path) -> None:
    for name in ("my cache", "a:b", 'a"b', "cachê"):
        with pytest.raises(MachineError, match="cannot name"):
            writing_options(tmp_path / name)
