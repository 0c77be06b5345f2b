"""How the work is divided in Spark: executors and the cores of each, derived from the master before Spark starts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.settings import MOST_CORES, MOST_EXECUTORS, Settings
from streaming.wording import counted

_LOCAL = re.compile(r"local(?:\[(\*|\d+)(?:,\s*\d+)?\])?", re.ASCII)
_LOCAL_CLUSTER = re.compile(r"local-cluster\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]", re.ASCII)
_STANDALONE = re.compile(r"spark://(.+)")
# Java's URI has no host where a name has other characters.
_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})", re.ASCII)
_KUBERNETES = re.compile(r"k8s://(?:https?://)?[^\s:/]+(?::\d+)?(?:/\S*)?", re.ASCII)
_HIGHEST_PORT = 65_535
# The memory of an executor's JVM in MiB, when spark-defaults.conf names none (spark.executor.memory).
_EXECUTOR_MEMORY = 1024
# In MiB; Spark counts them in 32 bits.
_MOST_MEMORY = 2**31 - 1
# A worker may die of a rare race, so its task gets one more attempt. A second death is no accident, and each attempt
# costs a batch of work.
TASK_ATTEMPTS = 2


@dataclass(frozen=True)
class Layout:
    """How the work is divided: `executors`, each with one model that may use `cores` cores."""

    master: str
    executors: int
    cores: int

    @property
    def local(self) -> bool:
        """Whether every process is on this machine."""
        return self.master.startswith("local")


def plan_layout(settings: Settings) -> Layout:
    """Derive executors and cores from the master; settings come first. Raises `UsageError`."""
    own_cores = usable_cores()
    master, executors, cores = settings.master, 1, own_cores
    if local := _LOCAL.fullmatch(master):
        cores = own_cores if local[1] == "*" else int(local[1] or 1)
        if not 1 <= cores <= MOST_CORES:
            raise UsageError(f"'{master}' is no Spark master: the N of local[N] is from 1 to {MOST_CORES}, or *.")
        if settings.executors not in (None, 1):
            raise UsageError(
                f"Spark's master '{master}' is one process, so executors cannot be {settings.executors}; "
                "use local-cluster[N,CORES,MIB] or a cluster."
            )
        cores = settings.executor_cores or cores
        return Layout(f"local[{cores},{TASK_ATTEMPTS}]", 1, cores)
    if cluster := _LOCAL_CLUSTER.fullmatch(master):
        return _local_cluster(settings, *map(int, cluster.groups()))
    if _STANDALONE.fullmatch(master):
        master_addresses(master)
    elif not (master == "yarn" or _KUBERNETES.fullmatch(master)):
        raise UsageError(
            f"'{master}' is no Spark master; use local[N], local[*], local-cluster[N,CORES,MIB], spark://host:port, "
            "k8s://https://host:port or yarn."
        )
    return Layout(master, settings.executors or executors, settings.executor_cores or cores)


def _local_cluster(settings: Settings, workers: int, cores_each: int, memory_each: int) -> Layout:
    """Return the layout of local-cluster[N,CORES,MIB], whose sizes are all known; raises `UsageError`."""
    executors, cores = settings.executors or workers, settings.executor_cores or cores_each
    if not 1 <= workers <= MOST_EXECUTORS or not 1 <= cores_each <= MOST_CORES:
        raise UsageError(
            f"'{settings.master}' has no room for an executor, or more than Spark can count: N is from 1 to "
            f"{MOST_EXECUTORS}, CORES from 1 to {MOST_CORES}."
        )
    if not _EXECUTOR_MEMORY <= memory_each <= _MOST_MEMORY:
        raise UsageError(
            f"'{settings.master}' has no room for an executor: MIB, the memory of each worker, is from "
            f"{_EXECUTOR_MEMORY}, the memory of an executor, to {_MOST_MEMORY}."
        )
    if executors > (room := workers * (cores_each // cores)):
        fitting = f"{counted(room, 'executor')} of {counted(cores, 'core')}"
        raise UsageError(
            f"'{settings.master}' has room for {fitting}, not for {executors}; lower --executors or --executor-cores, "
            "or raise the numbers of the master."
        )
    return Layout(settings.master, executors, cores)


def master_addresses(master: str) -> list[tuple[str, int]]:
    """Return host and port of each standalone master that spark://HOST:PORT[,HOST:PORT] names; none for other masters.

    Raises `UsageError` for one without a host or a port that Spark can read.
    """
    standalone = _STANDALONE.fullmatch(master)
    addresses = [_ADDRESS.fullmatch(address) for address in standalone[1].split(",")] if standalone else []
    valid = [(address["host"].strip("[]"), int(address["port"])) for address in addresses if address]
    if len(valid) < len(addresses) or not all(0 < port <= _HIGHEST_PORT for _, port in valid):
        raise UsageError(
            f"'{master}' is no Spark master; a standalone master is spark://HOST:PORT, a host's name has letters, "
            "digits, '.' and '-' alone."
        )
    return valid


def is_one_jvm(master: str) -> bool:
    """Return whether the driver of this master is its only executor."""
    return _LOCAL.fullmatch(master) is not None
