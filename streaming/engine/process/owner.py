"""Whose an engine process is: the executor that its worker works for, and how to know that it has ended.

Spark's Python workers come and go: the executor's JVM starts a daemon, which forks them, and ends them after a minute
of quiet. So the owner is the first ancestor that is not one of those. Any other process owns its engine itself.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress

import psutil

# How pyspark names the modules that it starts (`python -m pyspark.daemon pyspark.worker`).
_SPARK_PYTHON = ("pyspark.daemon", "pyspark.worker")
_JVM = "java"


def find_owner() -> int:
    """Return the process id of this process's executor; of itself when it is no Spark worker."""
    own = process = psutil.Process()
    try:
        while any(part in _SPARK_PYTHON for part in process.cmdline()):
            parent = process.parent()
            if parent is None:
                return own.pid
            process = parent
        # A worker that outlives its executor hangs from whoever takes up orphans, which may never end.
        return process.pid if process is own or _JVM in process.name() else own.pid
    except psutil.NoSuchProcess:
        return own.pid


def open_owner(pid: int) -> int | None:
    """Return a descriptor that becomes readable when process `pid` ends; None where the system has no such thing.

    It names this very process for good, where a number may be given to another one. Raises `ProcessLookupError`.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError:
        # A kernel before 5.3, or a container that does not let this call through.
        return None


def on_end(loop: asyncio.AbstractEventLoop, pid: int, descriptor: int | None, call: Callable[[], None]) -> None:
    """Have `call` called in `loop` when the owner ends."""
    if descriptor is not None:

        def ended() -> None:
            loop.remove_reader(descriptor)
            call()

        loop.add_reader(descriptor, ended)
        return

    def wait() -> None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait()
        # The loop may have ended meanwhile, for another reason.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(call)

    # A daemon: this process may end before its owner.
    threading.Thread(target=wait, name="gistream-owner", daemon=True).start()
