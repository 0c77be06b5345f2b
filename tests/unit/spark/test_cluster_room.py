"""What is said about a cluster that cannot give the executors, or not yet."""

from __future__ import annotations

import socket

import pytest

from streaming.errors import MachineError, UsageError
from streaming.planning.layout import Layout
from streaming.spark.jvm.cluster import Cluster, Size, check_master, refusal, room, waiting_line

EXECUTOR = Size(2, 1024)
MASTER = "spark://host:7077"


@pytest.mark.parametrize(
    ("sizes", "executors"),
    [([], 0), ([(1, 4096)], 0), ([(4, 1023)], 0), ([(5, 4096)], 2), ([(8, 3000), (2, 1024), (1, 9999)], 3)],
)
def test_as_many_executors_fit_as_cores_and_memory_of_each_worker_hold(
    sizes: list[tuple[int, int]], executors: int
) -> None:
    assert room([Size(*size) for size in sizes], EXECUTOR) == executors


@pytest.mark.parametrize(
    ("workers", "sentence"),
    [
        (
            [],
            "has no worker, and an executor of this query asks for 2 cores and 1,024 MiB; start a worker with 2 cores ",
        ),
        (
            [Size(1, 4096)],
            "has 1 worker of 1 core and 4,096 MiB, and an executor of this query asks for 2 cores and ",
        ),
        ([Size(1, 4096)], "; lower --executor-cores to 1, or start a larger worker."),
        (
            [Size(1, 1024)] * 2 + [Size(4, 512)],
            "has 3 workers (2 of 1 core and 1,024 MiB, 1 of 4 cores and 512 MiB)",
        ),
        ([Size(4, 512)], "; start a worker with 2 cores and 1,024 MiB or more (or lower spark.executor.memory in "),
        ([Size(1, 1024 + n) for n in range(9)], "1 of 1 core and 1,027 MiB, 5 other kinds)"),
    ],
)
def test_a_cluster_whose_workers_are_too_small_is_described_with_what_to_do(workers: list[Size], sentence: str) -> None:
    reason = refusal(MASTER, workers, EXECUTOR)
    assert reason is not None
    assert reason.startswith("The Spark cluster spark://host:7077 has ")
    assert sentence in reason


def test_a_busy_cluster_is_waited_for_and_what_is_known_of_it_is_said() -> None:
    assert refusal(MASTER, [Size(4, 4096)], EXECUTOR) is None
    line = waiting_line(3, 0, 10.2, Cluster([Size(4, 4096)] * 2, 1), EXECUTOR)
    assert line == (
        "waiting for executors: 0 of 3 after 10 s; each asks for 2 cores and 1,024 MiB; the cluster has 2 workers (2 "
        "of 4 cores and 4,096 MiB), and 1 other application there"
    )


def test_a_cluster_that_tells_nothing_or_is_starting_is_waited_for_with_what_was_asked() -> None:
    line = "waiting for executors: 1 of 2 after 20 s; each asks for 2 cores and 1,024 MiB"
    assert waiting_line(2, 1, 20.0, None, EXECUTOR) == line
    assert waiting_line(2, 1, 20.0, Cluster([], 0), EXECUTOR) == f"{line}; the cluster has no worker"


def test_a_master_that_is_not_there_is_named_before_spark_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        check_master(Layout(f"spark://127.0.0.1:{port}", 1, 1))
        # One of several masters is enough: the others are its standbys.
        check_master(Layout(f"spark://127.0.0.1:1,127.0.0.1:{port}", 1, 1))
    with pytest.raises(MachineError, match=r"Nobody listens on 127\.0\.0\.1:1 or 127\.0\.0\.1:2, where --master"):
        check_master(Layout("spark://127.0.0.1:1,127.0.0.1:2", 1, 1))


def test_yarn_without_its_settings_is_refused_before_spark_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HADOOP_CONF_DIR", "YARN_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="needs HADOOP_CONF_DIR or YARN_CONF_DIR"):
        check_master(Layout("yarn", 1, 1))
    monkeypatch.setenv("YARN_CONF_DIR", "/etc/hadoop")
    check_master(Layout("yarn", 1, 1))
