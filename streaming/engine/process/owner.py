"""Whose an engine process is: the executor that its worker works for, and how to know that it has ended.

Spark's Python workers come and go: the executor's JVM starts a daemon, which forks them, and ends them after a minute
of quiet. So the owner is the first ancestor that is not one of those. Any other process owns its engine itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

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
    return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None


def on_end(loop: asyncio.AbstractEventLoop, pid: int, descriptor: int | None, call: Callable[[], None]) -> None:
    """Have `call` called in `loop` when the owner ends."""
    if descriptor is not None:
        loop.add_reader(descriptor, call)
        return
    # macOS: psutil has the kernel tell it.
    waiting = loop.run_in_executor(None, _wait, pid)
    waiting.add_done_callback(lambda _: call())


def _wait(pid: int) -> None:
    try:
        psutil.Process(pid).wait()
    except psutil.NoSuchProcess:
        return
