"""How the work is divided in Spark: executors and the cores of each, derived from the master before Spark starts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.settings import Settings

_LOCAL = re.compile(r"local(?:\[(\*|\d+)(?:,\s*\d+)?\])?$")
_LOCAL_CLUSTER = re.compile(r"local-cluster\[\s*(\d+)\s*,\s*(\d+)\s*,\s*\d+\s*\]$")
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
        executors, cores = int(cluster[1]), int(cluster[2])
    elif not re.match(r"(spark|k8s)://|yarn$", master):
        raise UsageError(
            f"'{master}' is no Spark master; use local[N], local[*], local-cluster[N,CORES,MIB], spark://host:port, "
            "k8s://url or yarn."
        )
    return Layout(master, settings.executors or executors, settings.executor_cores or cores)


def is_one_jvm(master: str) -> bool:
    """Return whether the driver of this master is its only executor."""
    return _LOCAL.match(master) is not None
