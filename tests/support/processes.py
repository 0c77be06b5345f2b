"""What is to be seen of other processes."""

from __future__ import annotations

import psutil


def has_ended(process: psutil.Process) -> bool:
    """Tell whether a process has ended; init, whose child an orphan is, may not have taken note of it yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
