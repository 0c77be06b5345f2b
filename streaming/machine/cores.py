"""The CPUs that this process may use, and the limits of its control groups, which containers are made of."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Group:
    """The folder of a control group, and the version of the interface in it, 1 or 2."""

    folder: Path
    version: int


def groups(controller: str, root: Path = ROOT, own: Path = OWN) -> Iterator[Group]:
    """Yield this process's control groups for a controller, its own first; the limits of all groups above hold, too.

    A container sees its own group as the root.
    """
    for line in own.read_text().splitlines() if own.is_file() else []:
        number, controllers, place = line.split(":", 2)
        if number == "0":
            hierarchy, version = root, 2
        elif controller in controllers.split(","):
            hierarchy, version = root / controller, 1
        else:
            continue
        group = hierarchy / place.lstrip("/")
        yield from (Group(path, version) for path in (group, *group.parents) if path.is_relative_to(hierarchy))


def cpus() -> list[int]:
    """Return the numbers of the CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    # macOS has no affinity.
    return list(range(os.cpu_count() or 1))


def usable_cores(root: Path = ROOT, own: Path = OWN) -> int:
    """Return how many threads can compute at once: the CPUs, or fewer when a control group gives less time.

    A part of a core counts as one, as Java counts.
    """
    quotas = [quota for group in groups("cpu", root, own) if (quota := _quota(group)) is not None]
    return max(1, math.ceil(min([len(cpus()), *quotas])))


def _quota(group: Group) -> float | None:
    """Return how many cores' time a control group gives; None when it sets no limit."""
    try:
        if group.version == 1:
            quota, period = ((group.folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        else:
            quota, period = (group.folder / "cpu.max").read_text().split()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        # The root group has no such file, and "max" is no number.
        return None
