"""Executors and cores follow from Spark's master where the settings leave them open."""

from __future__ import annotations

import pytest

from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.planning.layout import Layout, is_one_jvm, master_addresses, plan_layout
from streaming.settings import load


def layout(master: str, **settings: int) -> Layout:
    return plan_layout(load({"master": master, **settings}))


@pytest.mark.parametrize(
    ("master", "cores"), [("local", 1), ("local[3]", 3), ("local[3, 9]", 3), ("local[*]", usable_cores())]
)
def test_a_local_master_is_one_executor_and_a_task_gets_a_second_attempt(master: str, cores: int) -> None:
    assert layout(master) == Layout(f"local[{cores},2]", 1, cores)
    assert layout(master, executor_cores=2) == Layout("local[2,2]", 1, 2)
    assert layout(master).local
    assert is_one_jvm(master)


def test_a_local_master_with_several_executors_is_refused_with_what_to_do() -> None:
    assert layout("local[2]", executors=1).executors == 1
    with pytest.raises(UsageError, match=r"one process, so executors cannot be 2; use local-cluster"):
        layout("local[2]", executors=2)


def test_a_local_cluster_has_its_own_executors_and_cores_unless_they_are_set() -> None:
    master = "local-cluster[2,3,1024]"
    assert layout(master) == Layout(master, 2, 3)
    assert layout(master, executors=4, executor_cores=1) == Layout(master, 4, 1)
    assert layout(master).local
    assert not is_one_jvm(master)


@pytest.mark.parametrize(
    ("master", "settings", "words"),
    [
        ("local-cluster[2,2,1024]", {"executor_cores": 4}, "has room for 0 executors of 4 cores, not for 2"),
        ("local-cluster[2,2,1024]", {"executors": 3}, "has room for 2 executors of 2 cores, not for 3"),
        ("local-cluster[1,3,1024]", {"executors": 2, "executor_cores": 2}, "has room for 1 executor of 2 cores"),
        ("local-cluster[2,2,512]", {}, "MIB, the memory of each worker, is from 1024"),
        ("local-cluster[2,2,99999999999]", {}, "MIB, the memory of each worker, is from 1024"),
        ("local-cluster[2,99999999999,1024]", {}, "or more than Spark can count"),
        ("local-cluster[0,2,1024]", {}, "has no room for an executor"),
        ("local-cluster[2,0,1024]", {}, "has no room for an executor"),
    ],
)
def test_a_local_cluster_without_room_for_its_executors_is_refused(
    master: str, settings: dict[str, int], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        layout(master, **settings)


def test_a_standalone_cluster_may_have_several_masters_and_each_has_a_port() -> None:
    assert master_addresses("spark://a:7077,[::1]:7078") == [("a", 7077), ("::1", 7078)]
    assert master_addresses("yarn") == master_addresses("local[2]") == []
    for master in (
        *("spark://host", "spark://:7077", "spark://a:7077,b", "spark://host:port", "spark://host:0"),
        *("spark://host:99999", "spark://my_host:7077", "spark://host:7077/", "spark://host:٧", "spark://user@h:1"),
    ):
        with pytest.raises(UsageError, match="a standalone master is spark://HOST:PORT"):
            layout(master)


@pytest.mark.parametrize("master", ["spark://host:7077", "k8s://https://host:443", "yarn"])
def test_a_cluster_has_the_executors_and_cores_that_are_set(master: str) -> None:
    assert layout(master) == Layout(master, 1, usable_cores())
    assert layout(master, executors=5, executor_cores=7) == Layout(master, 5, 7)
    assert not layout(master).local
    assert not is_one_jvm(master)


@pytest.mark.parametrize("master", ["local[0]", "local[00]", "local[0,4]", "local[99999999999]"])
def test_a_number_of_cores_that_spark_cannot_start_is_refused(master: str) -> None:
    with pytest.raises(UsageError, match=r"is no Spark master: the N of local\[N\] is from 1 to 8192"):
        layout(master)


@pytest.mark.parametrize(
    "master",
    [
        *(
            "mesos://host",
            "spark://",
            "yarn-client",
            "local[x]",
            "local[-1]",
            "local[1.5]",
            "local[]",
            "local[2",
            "local-cluster",
        ),
        *("local-cluster[2,3]", "local[2]\n", "local[٣]", "LOCAL", "", "yarn\n", "k8s://", "k8s://ftp://host:443"),
    ],
)
def test_another_master_is_refused(master: str) -> None:
    with pytest.raises(UsageError, match="is no Spark master; use"):
        layout(master)
