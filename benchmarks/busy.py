"""One busy process beside an engine, as Spark or Kafka are when they have work to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# It ends when its standard input ends, so also when the process that started it was killed.
_LOOP = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.SIG_IGN)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True:
    pass
"""


@contextmanager
def busy_process() -> Iterator[int]:
    """Run a process that computes without a pause for as long as the context lasts; yields its id."""
    with subprocess.Popen([sys.executable, "-c", _LOOP], stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()
