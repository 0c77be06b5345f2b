"""A Spark session of a user's own, in which two Python workers summarize at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress

import psutil
from processes import all_end
from quick_java import quick_java

from streaming.engine.process.report import engine_reports

JOB = """
from pyspark.sql import SparkSession
from streaming import summarize_frame
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
text = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. It was number "
rows = [(str(number), text + str(number)) for number in range(24)]
documents = spark.createDataFrame(rows, "id string, text string").repartition(2)
written = summarize_frame(documents, max_tokens=32).collect()
print(sum(row.error is None for row in written), flush=True)
"""


def test_two_workers_share_one_process_and_one_load() -> None:
    environment = {**os.environ, **quick_java(), "PYSPARK_PYTHON": sys.executable}
    with subprocess.Popen(
        [sys.executable, "-c", JOB], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as job:
        own, most, end = None, 0, time.monotonic() + 200
        while job.poll() is None:
            if time.monotonic() > end:
                job.kill()
            for report in engine_reports():
                with suppress(psutil.NoSuchProcess):
                    if psutil.Process(report.executor).ppid() == job.pid:
                        own, most = report, max(most, report.workers)
            time.sleep(0.1)
        assert job.stdout is not None
        assert job.stdout.read() == b"24\n"
    assert own is not None
    assert (most, own.loads) == (2, 1)
    # The session is over, and so is its engine.
    assert all_end([own.server, *([own.child] if own.child else [])])
