"""What the figures were measured on."""

from __future__ import annotations

import psutil

from benchmarks.results import Machine
from streaming.engine.tuning.tuning_file import this_cpu
from streaming.machine.cores import usable_cores


def this_machine() -> Machine:
    """Return this machine's processor, cores and memory."""
    return Machine(this_cpu(), usable_cores(), psutil.virtual_memory().total)
