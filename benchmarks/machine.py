"""What the figures were measured on."""

from __future__ import annotations

import psutil

from benchmarks.results import Machine
from streaming.engine import usable_cores
from streaming.engine.tuning.kept import this_cpu


def this_machine() -> Machine:
    """Return this machine's processor, cores and memory."""
    return Machine(this_cpu(), usable_cores(), psutil.virtual_memory().total)
