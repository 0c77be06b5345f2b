"""The owner of an engine process: the executor of the worker that starts it, and how to learn that it has ended.

Spark's Python workers come and go: the executor's JVM starts a daemon, which forks the workers and ends them after a
minute without work. So a worker's owner is the first ancestor that is neither a worker nor the daemon. Any other
process owns its engine itself.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress

import psutil

# The modules that pyspark starts (`python -m pyspark.daemon pyspark.worker`).
_SPARK_PYTHON = ("pyspark.daemon", "pyspark.worker")
_JVM = "java"


def find_owner() -> int:
    """Return the process id of this process's executor; its own when it is no Spark worker."""
    own = process = psutil.Process()
    try:
        while any(part in _SPARK_PYTHON for part in process.cmdline()):
            parent = process.parent()
            if parent is None:
                return own.pid
            process = parent
        # The parent of a worker that outlives its executor is the process that adopts orphans, which may never end.
        return process.pid if process is own or _JVM in process.name() else own.pid
    except psutil.NoSuchProcess:
        return own.pid


def open_owner(pid: int) -> int | None:
    """Return a descriptor that becomes readable when process `pid` ends; None where the system has no such descriptors.

    It always refers to this process, while its number may be reused. Raises `ProcessLookupError`.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError:
        # A kernel before 5.3, or a container that forbids this call.
        return None


def watch_owner(loop: asyncio.AbstractEventLoop, pid: int, descriptor: int | None, on_end: Callable[[], None]) -> None:
    """Have `on_end` called in `loop` when the owner ends."""
    if descriptor is not None:

        def on_readable() -> None:
            loop.remove_reader(descriptor)
            on_end()

        loop.add_reader(descriptor, on_readable)
        return

    def wait() -> None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait()
        # The loop may have ended before.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(on_end)

    # A daemon thread, because this process may end before its owner.
    threading.Thread(target=wait, name="gistream-owner", daemon=True).start()
