"""The short form of `make measure-watch`: sixty files, three kills, and a summary of each."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from installation import command_environment, names, read_topic
from killed_watch import drop_while_killed, each_once

from streaming.kafka.topics import Admin
from streaming.settings import Settings


def test_each_file_is_one_document_and_one_summary_although_the_watch_is_killed(
    settings: Settings, tmp_path: Path
) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    inbox, log = tmp_path / "inbox", tmp_path / "log"
    inbox.mkdir()
    drop_while_killed(settings, inbox, files=60, kills=3, rate=30, log=log)
    assert each_once(settings) == {1: 60}
    assert "found: the topic has" in log.read_text()
    steady = str(Path(__file__).parents[1] / "support" / "steady_gistream.py")
    run = subprocess.run(
        [
            sys.executable, steady, "0.01", "run", "--once", "--representation", "given", "--store", "off",
            "--checkpoint", str(tmp_path / "checkpoint"), *names(settings),
        ],
        env=command_environment(settings.data_dir), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    summaries = Counter(record.key for record in read_topic(settings, settings.output_topic))
    assert summaries == Counter(f"{number}.txt".encode() for number in range(60))
