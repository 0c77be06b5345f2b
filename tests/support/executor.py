"""A stand-in for a Spark executor: a Python that is named java, with workers that look like Spark's.

`java executor.py WORKER...`: each WORKER is Python source, run in a process whose command line is that of pyspark's
daemon; all at once. It prints "done" when all have ended, and then runs until it is killed.
"""

from __future__ import annotations

import subprocess
import sys
import threading

PYTHON, *WORKERS = sys.argv[1:]
started = [subprocess.Popen([PYTHON, "-c", source, "pyspark.daemon"], stdin=subprocess.DEVNULL) for source in WORKERS]
for worker in started:
    worker.wait()
print("done", flush=True)
threading.Event().wait()
