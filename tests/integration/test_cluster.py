"""A real standalone cluster on this machine: one worker of one core."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyspark
import pytest
from installation import gistream, names

from streaming.machine.java import find_java
from streaming.settings import Settings

_DEPLOY = "org.apache.spark.deploy"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a master whose only worker has 1 core and 1024 MiB."""
    folder = tmp_path_factory.mktemp("cluster")
    # Else the two JVMs bind the address of the host's name.
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    jars = f"{Path(pyspark.__file__).parent / 'jars'}/*"
    java = [str(find_java()), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", jars]
    here = ("--host", "127.0.0.1", "--webui-port", "0", "--port", "0")
    size = ("--cores", "1", "--memory", "1024m", "--work-dir", str(folder))
    with ExitStack() as stack:

        def start(program: str, *arguments: str, until: str) -> str:
            """Start one of Spark's programs on a free port; returns what its log then says at `until`."""
            with (folder / program).open("wb") as log:
                process = subprocess.Popen(
                    [*java, f"{_DEPLOY}.{program}", *here, *arguments], stdout=log, stderr=log, env=environment
                )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return read_until(until, folder / program)

        url = start("master.Master", until=r"Starting Spark master at (\S+)")
        start("worker.Worker", *size, url, until="(Successfully registered with master)")
        yield url


def read_until(pattern: str, log: Path) -> str:
    """Wait until the log has the pattern; returns its group."""
    end = time.monotonic() + 60
    while not (match := re.search(pattern, log.read_text())):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)
    return match[1]


def test_executors_that_no_worker_can_hold_are_said_with_what_the_cluster_has(master: str, settings: Settings) -> None:
    done = gistream(
        *("run", "--once", *names(settings), "--master", master, "--executor-cores", "2"),
        data_dir=settings.data_dir,
        SPARK_LOCAL_IP="127.0.0.1",
    )
    assert done.returncode == 7, done.stderr
    assert (
        f"The Spark cluster {master} has 1 worker of 1 core and 1,024 MiB, and an executor of this query "
        "asks for 2 cores and 1,024 MiB; lower --executor-cores to 1, or start a larger worker."
    ) in done.stderr
