"""The README's folder for days, and the short form of `make measure-watch`: sixty files, three kills."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from installation import command_environment, read_topic
from killed_watch import drop_while_killed, each_once, until
from pages import ROOT

from streaming.settings import Settings, load

STEADY = ROOT / "tests" / "support" / "steady_gistream.py"


def test_each_file_is_one_document_and_one_summary_although_the_watch_is_killed(tmp_path: Path) -> None:
    block = re.search(r"(?s)A folder for days.*?```console\n(.*?)```", (ROOT / "README.md").read_text())
    assert block is not None
    start, run, watch = (line.removeprefix("$ ") for line in block[1].splitlines())
    inbox, log = tmp_path / "inbox", tmp_path / "log"
    inbox.mkdir()
    # `gistream` with another engine, whose summaries take no time.
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "gistream").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STEADY}" 0.01 "$@"\n')
    (programs / "gistream").chmod(0o755)
    environment = command_environment(tmp_path / "data", GISTREAM_REPRESENTATION="given", GISTREAM_STORE="off")
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"

    def shell(line: str) -> subprocess.Popen[bytes]:
        # In place of the shell, so that a signal reaches the command.
        return subprocess.Popen(
            ["bash", "-c", f"exec {line.rstrip(' &')}"], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    processes: list[subprocess.Popen[bytes]] = []
    try:
        subprocess.run(["bash", "-c", start], cwd=tmp_path, env=environment, check=True, capture_output=True)
        settings = load({"data_dir": tmp_path / "data"})
        processes.append(shell(run))
        drop_while_killed(settings, inbox, files=60, kills=3, rate=30, log=log)
        assert each_once(settings) == {1: 60}
        assert "found: the topic has" in log.read_text()
        processes.append(shell(watch))
        (inbox / "last.txt").write_text("Anna rang the bell at noon.")
        until(lambda: len(count_keys(settings.output_topic, settings)) == 61, 100)
        assert set(count_keys(settings.output_topic, settings).values()) == {1}
        assert each_once(settings) == {1: 61}
        for process in processes:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
    finally:
        for process in processes:
            process.kill()
        subprocess.run([programs / "gistream", "broker", "stop"], env=environment, check=False, capture_output=True)


def count_keys(topic: str, settings: Settings) -> Counter[bytes]:
    """Return how many records each key has."""
    return Counter(record.key for record in read_topic(settings, topic))
