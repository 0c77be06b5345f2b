"""A real standalone cluster on this machine: one worker of one core."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
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
    ports = free_ports(2)
    url = f"spark://127.0.0.1:{ports[0]}"
    # Else the two JVMs bind the address of the host's name.
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    jars = f"{Path(pyspark.__file__).parent / 'jars'}/*"
    java = [str(find_java()), "-Xmx256m", "-cp", jars]
    here = ("--host", "127.0.0.1", "--webui-port", "0", "--port")
    size = ("--cores", "1", "--memory", "1024m", "--work-dir", str(folder))
    programs = [
        [*java, f"{_DEPLOY}.master.Master", *here, str(ports[0])],
        [*java, f"{_DEPLOY}.worker.Worker", *here, str(ports[1]), *size, url],
    ]
    with (folder / "log").open("wb") as log:
        started = [subprocess.Popen(program, stdout=log, stderr=log, env=environment) for program in programs]
    try:
        end = time.monotonic() + 60
        while b"Registering worker" not in (folder / "log").read_bytes():
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.1)
        yield url
    finally:
        for process in started:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in listening]
    for server in listening:
        server.close()
    return ports


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
