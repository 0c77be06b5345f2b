"""A Spark cluster before the query starts: whether its master is there, and whether it can give the executors.

Spark itself waits for ever for an executor that fits no worker. A standalone master tells its workers when it is asked
as its own web page asks it; YARN and Kubernetes are only waited for.
"""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.sql import SparkSession

from streaming.errors import MachineError
from streaming.planning.layout import Layout, master_addresses
from streaming.settings import Settings
from streaming.spark.session import ended_by_master, runs_in_one_jvm
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


@dataclass(frozen=True)
class Size:
    """Cores and memory (MiB): of a worker, of what is free on it, or of one executor."""

    cores: int
    memory: int

    def __str__(self) -> str:
        return f"{counted(self.cores, 'core')} and {self.memory:,} MiB"


@dataclass(frozen=True)
class Worker:
    """A worker of a standalone cluster: its size, and what no application has taken of it."""

    total: Size
    free: Size


def room(sizes: Sequence[Size], executor: Size) -> int:
    """Return how many executors fit machines of these sizes."""
    return sum(min(size.cores // executor.cores, size.memory // executor.memory) for size in sizes)


def refusal(master: str, workers: Sequence[Worker], executor: Size) -> str | None:
    """Return why no worker can ever hold an executor, and what to do; None when one can."""
    totals = [worker.total for worker in workers]
    if room(totals, executor):
        return None
    asked = f"The Spark cluster {master} has {describe(totals)}, and an executor of this query asks for {executor}"
    cores = max((size.cores for size in totals if size.memory >= executor.memory), default=0)
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
    return f"{len(sizes)} workers ({', '.join([*shown, *more])})"


def check_master(layout: Layout) -> None:
    """Check that a standalone master listens; raises `MachineError`.

    Spark would try for a minute, and then name an exception of Java's.
    """
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
        there, workers = int(context.getExecutorIds().size()), _workers(spark, layout)
        waited = time.monotonic() - began
        most = layout.executors
        if workers is not None:
            if not there and waited > _GRACE_SECONDS and (reason := refusal(layout.master, workers, executor)):
                raise MachineError(reason)
            most = min(most, room([worker.total for worker in workers], executor) or most)
        if there >= most:
            if there < layout.executors:
                on_wait(_fewer(layout, there, workers or []))
            return
        if waited > (lines + 1) * _LINE_SECONDS:
            lines += 1
            on_wait(waiting_line(layout.executors, there, waited, workers, executor))
        stop.wait(_LOOK_SECONDS)


def waiting_line(executors: int, there: int, waited: float, workers: Sequence[Worker] | None, executor: Size) -> str:
    """Return the line that says how long a query has waited, for what; `workers` is None when nobody tells them."""
    line = f"waiting for executors: {there} of {executors} after {waited:.0f} s"
    fits = workers and room([worker.total for worker in workers], executor)
    if workers and fits and not room([worker.free for worker in workers], executor):
        free, cores = (sum(worker.free.cores for worker in workers), sum(worker.total.cores for worker in workers))
        return f"{line}; other applications hold the cluster: {free} of {cores} cores are free"
    return f"{line}; each asks for {executor}"


def _fewer(layout: Layout, there: int, workers: Sequence[Worker]) -> str:
    return (
        f"the cluster has room for {there} of the {layout.executors} executors ({describe([w.total for w in workers])})"
        "; the query begins with these"
    )


def _workers(spark: SparkSession, layout: Layout) -> list[Worker] | None:
    """Return the workers of a standalone cluster that are alive; None when nobody tells them."""
    for host, port in master_addresses(layout.master):
        # A standby master, or one of another version: then the executors are only waited for.
        with suppress(Py4JError, Py4JJavaError):
            state = _ask(spark, host, port)
            if state.status().toString() == "ALIVE":
                return [
                    Worker(
                        Size(int(worker.cores()), int(worker.memory())),
                        Size(int(worker.coresFree()), int(worker.memoryFree())),
                    )
                    for worker in state.workers()
                    if worker.isAlive()
                ]
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
