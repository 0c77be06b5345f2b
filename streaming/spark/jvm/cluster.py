"""A Spark cluster before the query starts: whether its master is there, and whether it can give the executors.

Spark itself waits for ever for an executor that fits no worker. A standalone master tells its workers when it is asked
as its own web page asks it; YARN and Kubernetes are only waited for.
"""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from streaming.errors import MachineError, UsageError
from streaming.planning.layout import Layout, master_addresses
from streaming.settings import Settings
from streaming.spark.jvm.session import ended_by_master, runs_in_one_jvm
from streaming.spark.watch import StopRequest
from streaming.wording import counted

# A master on the same network accepts a connection in milliseconds.
_CONNECT_SECONDS = 5
# A cluster that has just started registers its workers within a few seconds.
_GRACE_SECONDS = 10
_LINE_SECONDS = 10
_LOOK_SECONDS = 0.5
# How many kinds of worker a sentence names.
_MOST_KINDS = 4
_ANSWER_SECONDS = 5
_YARN = ("HADOOP_CONF_DIR", "YARN_CONF_DIR")


@dataclass(frozen=True)
class Size:
    """Cores and memory (MiB) of a worker or of an executor."""

    cores: int
    memory: int

    def __str__(self) -> str:
        return f"{counted(self.cores, 'core')} and {self.memory:,} MiB"


@dataclass(frozen=True)
class Cluster:
    """A standalone cluster: its `workers`, and how many other applications run there.

    A master's answer leaves out what these hold, and which workers have died since it last looked.
    """

    workers: list[Size]
    others: int


def room(sizes: Sequence[Size], executor: Size) -> int:
    """Return how many executors fit machines of these sizes."""
    return sum(min(size.cores // executor.cores, size.memory // executor.memory) for size in sizes)


def refusal(master: str, workers: Sequence[Size], executor: Size) -> str | None:
    """Return why no worker can ever hold an executor, and what to do; None when one can."""
    if room(workers, executor):
        return None
    asked = f"The Spark cluster {master} has {describe(workers)}, and an executor of this query asks for {executor}"
    cores = max((size.cores for size in workers if size.memory >= executor.memory), default=0)
    if cores:
        return f"{asked}; lower --executor-cores to {cores}, or start a larger worker."
    return f"{asked}; start a worker with {executor} or more (or lower spark.executor.memory in spark-defaults.conf)."


def describe(sizes: Sequence[Size]) -> str:
    """Return how many workers there are, and their sizes."""
    if not sizes:
        return "no worker"
    kinds = Counter(sizes).most_common()
    shown = [f"{count} of {size}" if len(sizes) > 1 else f"of {size}" for size, count in kinds[:_MOST_KINDS]]
    more = [f"{len(kinds) - _MOST_KINDS} other kinds"] if len(kinds) > _MOST_KINDS else []
    if len(sizes) == 1:
        return f"1 worker {shown[0]}"
    return f"{counted(len(sizes), 'worker')} ({', '.join([*shown, *more])})"


def check_master(layout: Layout) -> None:
    """Check that a standalone master listens, and that YARN can be found; raises `MachineError` or `UsageError`.

    Spark would try for a minute, and then name an exception of Java's.
    """
    if layout.master == "yarn" and not any(os.environ.get(name) for name in _YARN):
        raise UsageError(f"The Spark master 'yarn' needs {' or '.join(_YARN)} in the environment: YARN's own settings.")
    addresses = master_addresses(layout.master)
    if addresses and not any(_listens(*address) for address in addresses):
        names = " or ".join(f"{host}:{port}" for host, port in addresses)
        raise MachineError(
            f"Nobody listens on {names}, where --master says that Spark's master is; start the master, or correct "
            "--master."
        )


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), _CONNECT_SECONDS):
            return True
    except OSError:
        return False


def wait_for_executors(
    spark: SparkSession, settings: Settings, layout: Layout, *, stop: StopRequest, on_wait: Callable[[str], None]
) -> None:
    """Wait until the cluster has given the executors, or all for which it has room; returns early on a `stop`.

    `on_wait` gets a line every ten seconds. Raises `MachineError` when no worker can hold an executor, or the cluster
    ends the application.
    """
    if runs_in_one_jvm(spark):
        return
    context = spark.sparkContext._jsc.sc()
    executor = Size(layout.cores, int(context.executorMemory()))
    began, lines = time.monotonic(), 0
    while not stop.requested:
        if context.isStopped():
            raise ended_by_master(settings, layout)
        there, cluster = int(context.getExecutorIds().size()), _cluster(spark, layout)
        waited = time.monotonic() - began
        most = layout.executors
        if cluster is not None:
            if not there and waited > _GRACE_SECONDS and (reason := refusal(layout.master, cluster.workers, executor)):
                raise MachineError(reason)
            most = min(most, room(cluster.workers, executor) or most)
            if most <= there < layout.executors:
                on_wait(_fewer(layout, there, cluster.workers))
        if there >= most:
            return
        if waited > (lines + 1) * _LINE_SECONDS:
            lines += 1
            on_wait(waiting_line(layout.executors, there, waited, cluster, executor))
        stop.wait(_LOOK_SECONDS)


def waiting_line(executors: int, there: int, waited: float, cluster: Cluster | None, executor: Size) -> str:
    """Return the line that says how long a query has waited, for what; `cluster` is None when nobody tells it."""
    line = f"waiting for executors: {there} of {executors} after {waited:.0f} s; each asks for {executor}"
    if cluster is None:
        return line
    others = f", and {counted(cluster.others, 'other application')} there" if cluster.others else ""
    return f"{line}; the cluster has {describe(cluster.workers)}{others}"


def _fewer(layout: Layout, there: int, workers: Sequence[Size]) -> str:
    return (
        f"the cluster has room for {there} of the {layout.executors} executors ({describe(workers)}); the query begins "
        "with these"
    )


def _cluster(spark: SparkSession, layout: Layout) -> Cluster | None:
    """Return a standalone cluster as its master knows it; None when nobody tells it."""
    own = spark.sparkContext.applicationId
    for host, port in master_addresses(layout.master):
        # A standby master, or one of another version: then the executors are only waited for.
        with suppress(Py4JError):
            state = _ask(spark, host, port)
            if state.status().toString() == "ALIVE":
                return Cluster(
                    [Size(int(worker.cores()), int(worker.memory())) for worker in state.workers()],
                    sum(application.id() != own for application in state.activeApps()),
                )
    return None


def _ask(spark: SparkSession, host: str, port: int) -> Any:
    """Return a master's answer to the question that its web page asks."""
    jvm: Any = spark.sparkContext._jvm
    messages = jvm.org.apache.spark.deploy
    request = getattr(getattr(messages, "DeployMessages$RequestMasterState$"), "MODULE$")
    answer = jvm.java.lang.Class.forName("org.apache.spark.deploy.DeployMessages$MasterStateResponse")
    seconds = jvm.scala.concurrent.duration.FiniteDuration(_ANSWER_SECONDS, jvm.java.util.concurrent.TimeUnit.SECONDS)
    timeout = jvm.org.apache.spark.rpc.RpcTimeout(seconds, "the answer of Spark's master")
    address = jvm.org.apache.spark.rpc.RpcAddress(host, port)
    endpoint = spark.sparkContext._jsc.sc().env().rpcEnv().setupEndpointRef(address, "Master")
    return endpoint.askSync(request, timeout, jvm.scala.reflect.ClassTag.apply(answer))
