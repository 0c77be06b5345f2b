"""The state of other processes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import psutil


def has_ended(process: psutil.Process) -> bool:
    """Return whether a process has ended; it may be a zombie until init, which adopts orphans, reaps it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def all_end(pids: Iterable[int], seconds: float = 30) -> bool:
    """Return whether these processes have ended within `seconds`."""
    processes = []
    for pid in pids:
        # One that has ended already.
        with suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    return not psutil.wait_procs(processes, timeout=seconds)[1]
