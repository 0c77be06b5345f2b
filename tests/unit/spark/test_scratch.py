"""Spark's scratch files: a folder for each driver, and none for a driver that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from streaming.spark.jvm.scratch import scratch_folder


def test_the_folders_of_ended_drivers_are_removed_and_those_of_running_ones_stay(tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = psutil.Process(running.pid).create_time()
    try:
        # One that ended, one whose number another process has now, one of a version before.
        for name in ("4194303-1700000000", f"{running.pid}-1", "spark-5b", f"{running.pid}-{started:.0f}"):
            (tmp_path / name / "blockmgr").mkdir(parents=True)
        with scratch_folder(tmp_path) as own:
            assert {path.name for path in tmp_path.iterdir()} == {own.name, f"{running.pid}-{started:.0f}"}
        assert [path.name for path in tmp_path.iterdir()] == [f"{running.pid}-{started:.0f}"]
    finally:
        running.communicate(b"\n")


def test_a_second_session_of_a_process_leaves_the_folder_to_the_first(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as own:
        with scratch_folder(tmp_path) as same:
            assert same == own
        assert own.is_dir()
    assert not own.exists()
