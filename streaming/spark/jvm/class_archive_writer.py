"""Writes the class archive: `python -m streaming.spark.jvm.class_archive_writer`, a process of its own.

It runs Spark over a stream of one row, with a Python worker but without Kafka and without a model: these classes are
all but a few of those of `gistream run` (measurements.md, class archive). Java writes the archive when it ends.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from streaming.errors import GistreamError, MachineError
from streaming.machine.java import find_java
from streaming.planning.layout import plan_layout
from streaming.settings import load
from streaming.spark.jvm.class_archive import ClassArchive, class_archive, writing_options
from streaming.spark.jvm.session import connector_jars, spark_session

# Java writes for 5 s here; a loaded laptop may take ten times as long.
_END_SECONDS = 120


def write_class_archive() -> Path:
    """Write the archive, unless it is there, and return it; leaves no process and no other archive of this pyspark.

    Raises `MachineError`, also when Java writes none, and `OSError`.
    """
    archive = class_archive(find_java(), connector_jars())
    archive.folder.mkdir(parents=True, exist_ok=True)
    with _locked(archive.folder):
        if (path := archive.whole()) is not None:
            return path
        new = archive.folder / f"{archive.installation}.new"
        try:
            _run_spark(new)
            path = _publish(new, archive)
        finally:
            new.unlink(missing_ok=True)
        for other in archive.folder.glob(f"{archive.installation}-*.jsa"):
            if other != path:
                other.unlink()
        return path


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time write archives."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_spark(new: Path) -> None:
    """Run Spark once, and return when its Java has ended."""
    options = writing_options(new)
    with tempfile.TemporaryDirectory(prefix="gistream-") as data_dir:
        # A JVM of more than 32 GB has other addresses, and its archive serves no smaller one.
        settings = load({"data_dir": Path(data_dir), "master": "local[1]", "driver_memory": "1g"})
        try:
            with spark_session(settings, plan_layout(settings), class_archive=options) as spark:
                _run_stream(spark, Path(data_dir, "checkpoint"))
        finally:
            _end_java()


def _run_stream(spark: SparkSession, checkpoint: Path) -> None:
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
    writer = rows.mapInPandas(_same, rows.schema).writeStream.format("noop").trigger(once=True)
    writer.option("checkpointLocation", str(checkpoint)).start().awaitTermination()


def _same(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    yield from frames


def _end_java() -> None:
    """End Spark's Java and wait for it, or kill it when it does not end."""
    gateway: Any = SparkContext._gateway
    if gateway is None:
        return
    java: subprocess.Popen[bytes] = gateway.proc
    try:
        # The end of its standard input ends it.
        java.communicate(timeout=_END_SECONDS)
    finally:
        java.kill()
        java.wait()


def _publish(new: Path, archive: ClassArchive) -> Path:
    """Give a written archive its name, under which it is there as a whole or not at all."""
    try:
        with new.open("rb") as file:
            os.fsync(file.fileno())
            path = archive.path(os.fstat(file.fileno()).st_size)
    except FileNotFoundError as error:
        raise MachineError("Java wrote no class archive; it needs its own, which `java -Xshare:dump` makes.") from error
    return new.rename(path)


if __name__ == "__main__":
    try:
        print(write_class_archive())
    except (GistreamError, PySparkException, OSError, subprocess.TimeoutExpired) as error:
        sys.exit(str(error))
