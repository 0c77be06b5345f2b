"""diskcache comes with llama-cpp-python and unpickles the files of a cache (CVE-2025-69872): gistream opens no cache.

`import llama_cpp` imports it in every process that computes. So an audit hook, in a `sitecustomize`, watches all
processes of a summarization. A cache of diskcache is a folder with a SQLite database, which its constructor opens.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from installation import command_environment, gistream

ROOT = Path(__file__).parents[2]
WATCH = """
import os, sys

log = os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def watch(event, args):
    if event == "sqlite3.connect":
        os.write(log, f"open {os.fspath(args[0])}\\n".encode())
    elif event == "import" and args[0] in ("llama_cpp", "diskcache"):
        os.write(log, f"import {args[0]}\\n".encode())

sys.addaudithook(watch)
"""


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose Python processes write to `log` what they do."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    path = os.pathsep.join([str(tmp_path / "watch"), os.environ["PYTHONPATH"]])
    return {"PYTHONPATH": path, "WATCH_LOG": str(tmp_path / "log")}


def log(watched: dict[str, str]) -> list[str]:
    return Path(watched["WATCH_LOG"]).read_text().splitlines()


@pytest.mark.parametrize("engine", ["process", "in-process"])
def test_a_summarization_opens_no_cache_of_diskcache(tmp_path: Path, watched: dict[str, str], engine: str) -> None:
    (tmp_path / "mill.txt").write_text("The mill burned on Tuesday.\nAnna saw the smoke first and rang the bell.\n")
    done = gistream(
        "summarize", str(tmp_path / "mill.txt"), "--engine", engine,
        data_dir=tmp_path / "data", GISTREAM_MAX_TOKENS="32", **watched,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # The first process describes the model, the second computes, or is this command itself.
    assert log(watched).count("import llama_cpp") >= 2
    assert [line for line in log(watched) if line.startswith("open ")] == []


def test_the_watch_sees_a_cache_that_is_opened(tmp_path: Path, watched: dict[str, str]) -> None:
    program = "import sys, diskcache; diskcache.Cache(sys.argv[1])"
    environment = command_environment(tmp_path / "data", **watched)
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "cache")], env=environment, check=True, timeout=60)
    assert log(watched) == ["import diskcache", *[f"open {tmp_path}/cache/cache.db"] * len(log(watched)[1:])]
    assert len(log(watched)) > 1


def test_no_line_of_gistream_names_diskcache_or_its_users() -> None:
    """`LlamaDiskCache` is the one class of llama-cpp-python that opens a cache; `Llama.set_cache` would use it."""
    packages = ("streaming", "producers", "consumers", "benchmarks", "evaluation", "tools", "examples")
    sources = {path: path.read_text() for package in packages for path in (ROOT / package).rglob("*.py")}
    assert len(sources) > 100
    for name in ("diskcache", "LlamaDiskCache", "LlamaCache", "set_cache"):
        assert [str(path) for path, source in sources.items() if name in source] == []
