"""The class archive with a real Java: written once, used by a start, and harmless when it is damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from streaming.machine.java import find_java

# Starts Spark as `gistream run` does, and prints Java's own options and class path.
START = """
import sys
from pathlib import Path
from streaming.planning.layout import plan_layout
from streaming.settings import load
from streaming.spark.jvm.session import spark_session
settings = load({"data_dir": Path(sys.argv[1]), "master": "local[1]"})
with spark_session(settings, plan_layout(settings)) as spark:
    jvm = spark.sparkContext._jvm
    print("\\n".join(jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments()))
    print(jvm.java.lang.System.getProperty("java.class.path"))
"""
# One that Spark's start needs, from a jar of Spark.
CLASS = "org.apache.spark.deploy.SparkSubmit"


def run(*command: str | Path, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)], env={**os.environ, "XDG_CACHE_HOME": str(cache)}, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder of a user with a class archive."""
    folder = tmp_path_factory.mktemp("cache")
    written = run(sys.executable, "-m", "streaming.spark.jvm.class_archive_writer", cache=folder)
    assert written.returncode == 0, written.stderr
    assert "[warning]" not in written.stdout
    return folder


def files(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_the_writer_leaves_the_archive_and_no_process(cache: Path) -> None:
    [archive] = [path for path in files(cache) if path.name != "lock"]
    assert archive.suffix == ".jsa"
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(cache) in " ".join(p.info["cmdline"] or [])]


def test_a_start_takes_its_classes_from_the_archive_and_a_damaged_one_does_no_harm(cache: Path, tmp_path: Path) -> None:
    before = files(cache)
    started = run(sys.executable, "-c", START, tmp_path, cache=cache)
    assert started.returncode == 0, started.stderr
    *options, class_path = started.stdout.splitlines()
    [archive] = [path for path in before if path.suffix == ".jsa"]
    assert f"-XX:SharedArchiveFile={archive}" in options
    assert "[warning]" not in started.stdout + started.stderr
    # A start writes nothing.
    assert files(cache) == before
    # The same Java by itself: Spark's way to it takes seconds.
    alone = [find_java(), *options, "-Xlog:class+load", "-cp", class_path, CLASS, "--version"]
    assert f"{CLASS} source: shared objects file (top)" in run(*alone, cache=cache).stdout
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.unlink()
    archive.write_bytes(content)
    damaged = run(*alone, cache=cache)
    assert f"{CLASS} source: file:" in damaged.stdout
    assert "SIG" not in damaged.stdout
    assert "[warning]" not in damaged.stdout + damaged.stderr
