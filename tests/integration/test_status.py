"""`gistream status` tells a query that works, is stuck, was killed, is idle and was stopped, by Kafka alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from installation import Send, command_environment, document, gistream, names

from consumers.status import QueryStatus, read_status
from streaming.engine.process.report import engine_reports
from streaming.kafka.topics import Admin
from streaming.settings import Settings

STEADY = Path(__file__).parents[1] / "support" / "steady_gistream.py"
STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."


@contextmanager
def query(settings: Settings, *, answer: float, flags: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `gistream run` with an engine whose answers take about `answer` seconds."""
    process = subprocess.Popen(
        [
            sys.executable, str(STEADY), str(answer), "run", *names(settings), *flags,
            "--master", "local[2]", "--representation", "given", "--store", "off",
        ],
        env=command_environment(settings.data_dir), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a query and all that it started, as a machine that loses power does."""
    ours = {process.pid}
    if process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        ours |= {child.pid for child in children}
        servers = [report.server for report in engine_reports() if report.executor in ours]
        process.kill()
        for pid in [*(child.pid for child in children), *servers]:
            if psutil.pid_exists(pid):
                psutil.Process(pid).kill()
    process.wait()


def wait_for(settings: Settings, holds: Callable[[QueryStatus], bool], seconds: float) -> QueryStatus:
    """Return the first status for which `holds` is true."""
    end = time.monotonic() + seconds
    while not holds(status := read_status(settings)):
        assert time.monotonic() < end, status
        time.sleep(0.2)
    return status


def status_command(settings: Settings) -> tuple[int, dict[str, Any]]:
    done = gistream("status", "--query", settings.query, "--json", data_dir=settings.data_dir)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_query_is_seen_to_be_stuck_gone_idle_and_stopped(settings: Settings, send: Send) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    send(*[(b"d%d" % n, document(f"{STORY} It was number {n}.")) for n in range(20)])
    code, said = status_command(settings)
    assert (code, said["state"], said["partitions"]) == (2, "not running", [])
    assert f"no query '{settings.query}' has run on" in said["sentence"]

    # An engine that never answers.
    with query(settings, answer=3600, flags=["--stuck-after", "2"]) as process:
        wait_for(settings, lambda status: status.beat is not None and status.beat.doing == "working", 90)
        stuck = wait_for(settings, lambda status: status.health.state == "stuck", 20)
        assert "no progress for" in stuck.health.sentence
        assert stuck.lag == 20
        assert status_command(settings)[0] == 1
        kill(process)
        killed = time.monotonic()
        wait_for(settings, lambda status: status.health.state == "not running", 30)
        code, said = status_command(settings)
        assert time.monotonic() - killed < 30
    assert (code, said["lag"]) == (2, 20)
    assert said["sentence"].startswith("no progress for ")

    with query(settings, answer=0.05, flags=["--stuck-after", "3"]) as process:
        status = wait_for(settings, lambda status: status.lag == 0, 90)
        assert status.beat is not None
        assert (status.beat.records, status.beat.stuck_after) == (20, 3)
        # Nothing to do for longer than `stuck_after` is no reason for an alarm.
        idle_at = time.time()
        wait_for(settings, lambda status: status.beat is not None and status.beat.sent_at > idle_at + 4, 20)
        code, said = status_command(settings)
        assert (code, said["sentence"]) == (0, "idle: every record has its result")
        assert said["last_batch"]["number"] >= 0
        assert said["last_batch_rate"] > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    code, said = status_command(settings)
    assert (code, said["state"], said["error"]) == (2, "not running", None)
    assert said["sentence"].startswith("stopped ")
