"""Executors and cores follow from Spark's master where the settings leave them open."""

from __future__ import annotations

import pytest

from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.planning.layout import Layout, is_one_jvm, plan_layout
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


@pytest.mark.parametrize("master", ["spark://host:7077", "k8s://https://host:443", "yarn"])
def test_a_cluster_has_the_executors_and_cores_that_are_set(master: str) -> None:
    assert layout(master) == Layout(master, 1, usable_cores())
    assert layout(master, executors=5, executor_cores=7) == Layout(master, 5, 7)
    assert not layout(master).local
    assert not is_one_jvm(master)


@pytest.mark.parametrize("master", ["mesos://host", "yarn-client", "local[x]", "local-cluster[2,3]"])
def test_another_master_is_refused(master: str) -> None:
    with pytest.raises(UsageError, match="is no Spark master; use"):
        layout(master)
