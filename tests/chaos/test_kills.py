"""Sixty documents, `kill -9` at five moments, the real broker, Spark and model: every document is there, once.

Some four minutes each; `make chaos` runs them. The seed of the random moments is printed, and RANDOM_SEED sets it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pytest
from installation import Send, command, command_environment, document, gistream, names

from streaming.archive import ArchiveLocation
from streaming.kafka.topics import Admin
from streaming.settings import Settings
from streaming.spark.archive_query import archive_checkpoint

DOCUMENTS = 60
STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."
# Shorter summaries and smaller batches than the defaults', for time.
SHORT = {"GISTREAM_MAX_TOKENS": "16", "GISTREAM_BATCH_DOCUMENTS": "8"}
Moment = Callable[[], bool]


@pytest.fixture(scope="module")
def chance() -> random.Random:
    seed = int(os.environ.get("RANDOM_SEED", time.time_ns()))
    print(f"RANDOM_SEED={seed}")
    return random.Random(seed)


def started(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.glob("[0-9]*") if path.name.isdigit()}


def uncommitted(checkpoint: Path) -> set[int]:
    """Return the micro-batches that have begun and are not committed."""
    return started(checkpoint / "offsets") - started(checkpoint / "commits")


def written(archive: Path) -> set[int]:
    """Return the micro-batches of which a file is there for readers."""
    return {int(path.stem.rsplit("-", 1)[1]) for path in archive.glob("summaries/*/*[0-9].parquet")}


def kill_at(moment: Moment, flags: list[str], data_dir: Path) -> bool:
    """Start `gistream run --once` and kill all of it at a moment; False when it ended before that came."""
    running = subprocess.Popen(
        command("run", "--once", *flags), env=command_environment(data_dir, **SHORT), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not moment():
        # Seldom enough to leave the cores to the model, often enough to come between a write and its commit.
        with suppress(subprocess.TimeoutExpired):
            running.wait(0.003)
            return False
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    return True


def in_generation(checkpoint: Path, chance: random.Random) -> Moment:
    """A batch that was not there before has begun, and up to six seconds of it are over."""
    patience, known, seen = chance.uniform(0, 6), started(checkpoint / "commits"), [0.0]

    def now() -> bool:
        if not seen[0] and uncommitted(checkpoint) and (started(checkpoint / "commits") - known or not known):
            seen[0] = time.monotonic()
        return bool(seen[0]) and time.monotonic() - seen[0] > patience

    return now


def between_write_and_commit(checkpoint: Path, archive: Path) -> Moment:
    """The summaries of a batch are there for readers, and the batch is not committed."""
    before = written(archive)
    return lambda: bool((written(archive) - before) & uncommitted(checkpoint))


def check(archive: Path) -> None:
    """Read the archive with two readers: 60 rows, 60 identities."""
    rows = ds.dataset(archive / "summaries", partitioning="hive").to_table().to_pylist()
    identities = {(r["source"]["topic"], r["source"]["partition"], r["source"]["offset"], r["recipe"]) for r in rows}
    assert (len(rows), len(identities)) == (DOCUMENTS, DOCUMENTS)
    assert {row["id"] for row in rows} == {f"d{n}" for n in range(DOCUMENTS)}
    query = f"select count(*), count(distinct (source, recipe)) from '{archive}/summaries/*/*.parquet'"
    assert duckdb.sql(query).fetchall() == [(DOCUMENTS, DOCUMENTS)]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("sinks", [["parquet"], ["kafka", "parquet"]], ids="+".join)
def test_sixty_documents_survive_five_kills(
    sinks: list[str], settings: Settings, send: Send, tmp_path: Path, chance: random.Random
) -> None:
    archive = tmp_path / "archive"
    flags = names(settings)
    for sink in sinks:
        flags += ["--sink", sink if sink == "kafka" else f"parquet={archive}"]
    with Admin(settings) as admin:
        admin.ensure()
    send(*[(f"d{n}".encode(), document(f"{STORY} It was number {n}.")) for n in range(DOCUMENTS)])
    checkpoint = Path(settings.checkpoint_location)
    writing = checkpoint
    if "kafka" in sinks:
        writing = Path(archive_checkpoint(settings, ArchiveLocation(str(archive))).location)
    late = chance.uniform(2, 8)
    begun = time.monotonic()
    moments: list[Callable[[], Moment]] = [
        lambda: lambda: time.monotonic() - begun > late,
        lambda: in_generation(checkpoint, chance),
        lambda: in_generation(checkpoint, chance),
        lambda: between_write_and_commit(writing, archive),
    ]
    for moment in moments:
        assert kill_at(moment(), flags, settings.data_dir)
    unfinished = uncommitted(writing)
    assert unfinished & written(archive), "the fourth kill came after the commit; run again"
    # The fifth, again before the commit: what was written then is written over, or another batch is the one.
    again = {path: path.stat().st_mtime_ns for path in archive.glob("summaries/*/*.parquet")}

    def written_over() -> bool:
        now = {path: path.stat().st_mtime_ns for path in archive.glob("summaries/*/*.parquet")}
        return now != again and bool(uncommitted(writing))

    assert kill_at(written_over, flags, settings.data_dir)
    assert gistream("run", "--once", *flags, data_dir=settings.data_dir, timeout=600, **SHORT).returncode == 0
    check(archive)
    files = list(archive.glob("summaries/*/*.parquet"))
    assert len(files) <= 2 + DOCUMENTS // 8
    assert gistream("compact", str(archive), data_dir=settings.data_dir).returncode == 0
    check(archive)
    assert len(list(archive.glob("summaries/*/*.parquet"))) == len({path.parent for path in files})
    # A run after compacting has nothing to add.
    assert gistream("run", "--once", *flags, data_dir=settings.data_dir, **SHORT).returncode == 0
    check(archive)
