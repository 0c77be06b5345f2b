"""What the figures were measured on."""

from __future__ import annotations

import os

import psutil

from benchmarks.results import Machine
from streaming.engine.tuning.kept import this_cpu


def this_machine() -> Machine:
    """Return this machine's processor, cores and memory."""
    return Machine(this_cpu(), os.cpu_count() or 1, psutil.virtual_memory().total)
