"""The SparkSession: every setting of Spark's that gistream decides, with its reason beside it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pyspark
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from streaming.errors import MachineError
from streaming.machine.java import SPARK_KAFKA, find_java, resolve_jars
from streaming.planning.layout import TASK_ATTEMPTS, Layout, is_one_jvm
from streaming.settings import Settings

# What py4j raises when the JVM does not answer any more.
JVM_GONE = (Py4JError, ConnectionError)
# Checkpoints, Spark's scratch files and logs.
LEAST_DISK = 300 * 1024 * 1024


def spark_log(settings: Settings) -> Path:
    """Return the file to which Spark, its workers and their engine write."""
    return settings.logs_dir / "spark.log"


def runs_in_one_jvm(spark: SparkSession) -> bool:
    """Tell whether this session's driver is its only executor."""
    return is_one_jvm(spark.sparkContext.master or "")


@contextmanager
def spark_session(settings: Settings, layout: Layout) -> Iterator[SparkSession]:
    """Have Spark for as long as the context lasts; what it and its workers say goes to logs/spark.log.

    Raises `MachineError` when there is no Java, no disk, or Spark does not start.
    """
    spark = _start(settings, layout)
    try:
        yield spark
    finally:
        # A JVM that has ended by itself needs no stop; who worked with it has said so.
        with suppress(*JVM_GONE):
            spark.stop()


def _start(settings: Settings, layout: Layout) -> SparkSession:
    find_java()
    scratch, log = settings.data_dir / "spark", spark_log(settings)
    try:
        for folder in (scratch, log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        free = psutil.disk_usage(str(scratch)).free
    except OSError as error:
        raise MachineError(f"The data dir cannot be used: {error}; choose another with --data-dir.") from error
    if free < LEAST_DISK:
        raise MachineError(
            f"Only {free // 2**20} MiB are free under {settings.data_dir}, and Spark needs {LEAST_DISK // 2**20}; "
            "free some, or choose another place with --data-dir."
        )
    if layout.local:
        # Else Spark's ports listen on every interface.
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    # The workers run this very Python, wherever it is installed.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName(f"gistream-{settings.query}")
    for name, value in _conf(settings, layout, scratch).items():
        builder = builder.config(name, value)
    with _stderr_to(log):
        try:
            spark = builder.getOrCreate()
        except (PySparkException, RuntimeError, OSError) as error:
            raise MachineError(f"Spark could not start: {str(error).splitlines()[0]} (see {log}).") from error
    spark.sparkContext.setLogLevel("WARN")
    return spark


def _conf(settings: Settings, layout: Layout, scratch: Path) -> dict[str, str]:
    conf = {
        "spark.master": layout.master,
        "spark.driver.memory": settings.driver_memory,
        # The JVM only moves bytes here. With the quick compiler alone and the simple collector a start took 18 s of CPU
        # instead of 25 (three pairs), and those are the cores the model needs.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.jars": ",".join(map(str, _connector_jars())),
        # A task takes a whole executor: one Python worker, whose documents fill all slots of the executor's engine.
        # More tasks would share it, too, but each counts its own failures (`max_failed_share`), orders its own ids.
        "spark.task.cpus": str(layout.cores),
        "spark.executor.cores": str(layout.cores),
        "spark.task.maxFailures": str(TASK_ATTEMPTS),
        # The driver has fetched the model; a worker never phones a hub.
        "spark.executorEnv.HF_HUB_OFFLINE": "1",
        # Its imports take seconds, and with `engine = "in-process"` it has the model.
        "spark.python.worker.reuse": "true",
        # The input to the worker comes a batch of rows at a time: few, so that the first document is not kept waiting
        # by the eighth. The output is flushed after each frame but the last; see `summarize._frames`. Measured with a
        # slow function: 0.3 s from yield to topic, against the end of the task with Spark's 64 KiB.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "8",
        "spark.sql.execution.pandas.udf.buffer.size": "64",
        # Headers as dictionaries; the default makes them rows of tuples in one case and of dictionaries in another.
        "spark.sql.execution.pandas.structHandlingMode": "dict",
        # Exceptions of ours are sentences; Python's frames around them help nobody who reads the log.
        "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.streaming.stopTimeout": "30s",
        # How long an idle query waits before it asks Kafka again for something new. Spark's own 10 ms took 0.26 of a
        # core, Spark's and Kafka's; this takes 0.11, and the first document comes 0.05 s later.
        "spark.sql.streaming.pollingDelay": "100ms",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if layout.local:
        conf |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    else:
        conf |= {"spark.executor.instances": str(layout.executors)}
    return conf


def _connector_jars() -> list[Path]:
    """Return the jars of the Kafka connector that pyspark does not bring itself, by artifact name."""
    own = {_artifact(path) for path in Path(pyspark.__file__).parent.joinpath("jars").glob("*.jar")}
    return [path for path in resolve_jars(SPARK_KAFKA) if _artifact(path) not in own]


def _artifact(path: Path) -> str:
    return re.sub(r"-\d[^-]*(?:-.*)?\.jar$", "", path.name)


@contextmanager
def _stderr_to(log: Path) -> Iterator[None]:
    """Have processes that start here write their standard error to `log`: the JVM keeps what it inherits for life."""
    kept = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
