"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import psutil

from benchmarks.results import Machine


def this_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> Machine:
    """Return this machine's processor, cores and memory."""
    named = re.search(r"(?m)^model name\s*:\s*(.+)$", cpuinfo.read_text()) if cpuinfo.is_file() else None
    cpu = named[1].strip() if named else platform.processor() or platform.machine()
    return Machine(cpu, os.cpu_count() or 1, psutil.virtual_memory().total)
