"""How the work is divided in Spark: executors and the cores of each, derived from the master before Spark starts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.settings import Settings
from streaming.wording import counted

_LOCAL = re.compile(r"local(?:\[(\*|\d+)(?:,\s*\d+)?\])?$")
_LOCAL_CLUSTER = re.compile(r"local-cluster\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]$")
_STANDALONE = re.compile(r"spark://(.+)$")
# The memory of an executor's JVM in MiB, when spark-defaults.conf names none (spark.executor.memory).
_EXECUTOR_MEMORY = 1024
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
    if local := _LOCAL.match(master):
        cores = own_cores if local[1] == "*" else int(local[1] or 1)
        if settings.executors not in (None, 1):
            raise UsageError(
                f"Spark's master '{master}' is one process, so executors cannot be {settings.executors}; "
                "use local-cluster[N,CORES,MIB] or a cluster."
            )
        cores = settings.executor_cores or cores
        return Layout(f"local[{cores},{TASK_ATTEMPTS}]", 1, cores)
    if cluster := _LOCAL_CLUSTER.match(master):
        return _local_cluster(settings, *map(int, cluster.groups()))
    if _STANDALONE.match(master):
        master_addresses(master)
    elif not re.match(r"k8s://|yarn$", master):
        raise UsageError(
            f"'{master}' is no Spark master; use local[N], local[*], local-cluster[N,CORES,MIB], spark://host:port, "
            "k8s://url or yarn."
        )
    return Layout(master, settings.executors or executors, settings.executor_cores or cores)


def _local_cluster(settings: Settings, workers: int, cores_each: int, memory_each: int) -> Layout:
    """Return the layout of local-cluster[N,CORES,MIB], whose sizes are all known; raises `UsageError`."""
    executors, cores = settings.executors or workers, settings.executor_cores or cores_each
    if not workers or not cores_each or memory_each < _EXECUTOR_MEMORY:
        raise UsageError(
            f"'{settings.master}' has no room for an executor; it needs N and CORES of at least 1, and MIB of at least "
            f"{_EXECUTOR_MEMORY}, the memory of an executor."
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

    Raises `UsageError` for one without a port.
    """
    match = _STANDALONE.match(master)
    addresses = [address.rpartition(":") for address in match[1].split(",")] if match else []
    if any(not host or not port.isdecimal() for host, _, port in addresses):
        raise UsageError(f"'{master}' is no Spark master; a standalone master is spark://HOST:PORT.")
    return [(host.strip("[]"), int(port)) for host, _, port in addresses]


def is_one_jvm(master: str) -> bool:
    """Return whether the driver of this master is its only executor."""
    return _LOCAL.match(master) is not None
