"""A watched folder over the long run: kills, a Kafka that is away, and a hundred thousand files.

`make measure-watch` runs them (six minutes on 2 cores), `make chaos` with all others.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from chaos import installation
from installation import command, command_environment, names, read_topic
from killed_watch import STORY, drop_while_killed, each_once
from watching import watching

from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.settings import Settings

STEADY = str(Path(__file__).parents[1] / "support" / "steady_gistream.py")
AWAY_SECONDS = 120


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Settings]:
    with installation(tmp_path) as settings:
        with Admin(settings) as admin:
            admin.ensure()
        yield settings


def test_a_thousand_files_and_three_kills_are_a_thousand_documents_and_summaries(
    installed: Settings, inbox: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    drop_while_killed(installed, inbox, files=1000, kills=3, rate=200, log=log)
    assert each_once(installed) == {1: 1000}
    print("\n" + "\n".join(line for line in log.read_text().splitlines() if line.startswith("found")))
    run = subprocess.run(
        [
            sys.executable, STEADY, "0.01", "run", "--once", "--representation", "given", "--store", "off",
            *names(installed),
        ],
        env=command_environment(installed.data_dir), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    summaries = Counter(record.key for record in read_topic(installed, installed.output_topic))
    assert summaries == Counter(f"{number}.txt".encode() for number in range(1000))


def test_a_kafka_that_is_away_for_minutes_costs_no_document_and_doubles_none(installed: Settings, inbox: Path) -> None:
    broker = EmbeddedBroker(installed)
    with watching(installed, inbox, settle=0.2) as watched:
        for number in range(300):
            (inbox / f"{number}.txt").write_text(f"{STORY} It was number {number}.")
            if number == 100:
                watched.until(lambda: watched.counts.acknowledged)
                broker.stop()
                began = time.monotonic()
            threading.Event().wait(0.01)
        watched.until(lambda: watched.lines("kafka away"), seconds=90)
        threading.Event().wait(AWAY_SECONDS - (time.monotonic() - began))
        broker.start()
        watched.until(lambda: watched.counts.acknowledged >= 300, seconds=90)
    assert each_once(installed) == {1: 300}
    assert (len(watched.lines("kafka away")), len(watched.lines("kafka back"))) == (1, 1)


def test_memory_is_flat_over_a_hundred_thousand_files(installed: Settings, inbox: Path) -> None:
    peaks, seconds = [], []
    for files in (10_000, 100_000):
        for number in range(files // 10, files):
            folder = inbox / str(number // 1000)
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.txt").write_text(f"{STORY} It was number {number}.")
        began = time.monotonic()
        watch = subprocess.Popen(
            command("produce", "watch", str(inbox), "--once", "--delete"),
            env=command_environment(installed.data_dir), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        peaks.append(_peak_memory(watch))
        seconds.append(time.monotonic() - began)
        assert watch.returncode == 0
    began = time.monotonic()
    again = subprocess.run(
        command("produce", "watch", str(inbox), "--once", "--delete", "--json"),
        env=command_environment(installed.data_dir), capture_output=True, text=True, check=True,
    )  # fmt: skip
    print(f"\npeaks {[f'{peak / 1e6:.0f} MB' for peak in peaks]}, {seconds[1]:.0f} s for 90,000 files, ", end="")
    print(f"{time.monotonic() - began:.1f} s for a start with 100,000 known files")
    assert '"acknowledged": 0' in again.stdout
    assert sum(each_once(installed).values()) == 99_000
    # The names that a scan has seen, for deletions: some 12 MB.
    assert peaks[1] - peaks[0] < 50e6


def _peak_memory(watch: subprocess.Popen[bytes]) -> int:
    process, peak = psutil.Process(watch.pid), 0
    while watch.poll() is None:
        peak = max(peak, process.memory_info().rss)
        threading.Event().wait(0.1)
    return peak
