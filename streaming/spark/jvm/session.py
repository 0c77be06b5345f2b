"""The SparkSession: every setting of Spark that gistream changes, with its reason beside it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

import psutil
import pyspark
from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from streaming.errors import MachineError, reason
from streaming.machine.java import SPARK_KAFKA, find_java, jar_folder, resolve_jars
from streaming.machine.java_paths import check_path, java_environment
from streaming.planning.layout import TASK_ATTEMPTS, Layout, is_one_jvm
from streaming.settings import Settings
from streaming.settings.kafka_options import ENDPOINT, uses_token
from streaming.spark.jvm.class_archive import reading_options
from streaming.spark.jvm.library_logs import library_logs
from streaming.spark.jvm.plain_paths import plain_path
from streaming.spark.jvm.scratch import scratch_folder
from streaming.wording import megabytes

# In Java's exception when a master has ended the application while it starts.
_STOPPED = "stopped SparkContext"
# Raised by py4j when the JVM does not answer any more.
JVM_GONE = (Py4JError, ConnectionError)
# The JVM only moves bytes: with these a start takes 18 s of CPU instead of 25 (measurements.md, Spark's JVM).
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# Names of options whose values Spark masks; its own list has no login and no key.
REDACTED = "(?i)secret|password|token|access[.]?key|jaas|keystore[.]key|private"
# Checkpoints, Spark's scratch files and logs.
LEAST_DISK = 300 * 1024 * 1024


def spark_log(settings: Settings) -> Path:
    """Return the file to which Spark, its workers and their engine write."""
    return settings.logs_dir / "spark.log"


def ended_by_master(settings: Settings, layout: Layout) -> MachineError:
    """Return the error for a cluster whose master did not take the application, or ended it."""
    return MachineError(
        f"The Spark master {layout.master} did not take the query, or ended it: it is no master of this version of "
        "Spark, or its workers cannot start an executor or reach this machine; the workers' own logs say which (this "
        f"side's is {spark_log(settings)})."
    )


def runs_in_one_jvm(spark: SparkSession) -> bool:
    """Tell whether this session's driver is its only executor."""
    return is_one_jvm(spark.sparkContext.master or "")


@contextmanager
def spark_session(
    settings: Settings, layout: Layout, *, class_archive: Sequence[str] | None = None
) -> Iterator[SparkSession]:
    """Run Spark for as long as the context lasts; Spark and its workers log to logs/spark.log.

    `class_archive` are the driver's Java options for its class archive; by default those that use it if it is there.

    Raises `MachineError` when there is no Java, no disk, or Spark does not start.
    """
    java, log = find_java(), spark_log(settings)
    check_path(settings.data_dir)
    with ExitStack() as stack:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(scratch_folder(settings.scratch_dir))
            free = psutil.disk_usage(str(scratch)).free
        except OSError as error:
            raise MachineError(f"The data dir cannot be used: {error}; choose another with --data-dir.") from error
        stack.enter_context(library_logs(log))
        spark = _start(settings, layout, class_archive, java=java, scratch=scratch, free=free)
        stack.callback(_stop, spark)
        yield spark


class Sessions:
    """The Spark session of a run: one, and another one each time its JVM has ended or its cluster has dropped it."""

    def __init__(self, settings: Settings, layout: Layout, on_start: Callable[[SparkSession], None]) -> None:
        self._settings, self._layout, self._on_start = settings, layout, on_start
        self._stack = ExitStack()
        self._spark: SparkSession | None = None

    def __enter__(self) -> Sessions:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def living(self) -> SparkSession:
        """Return the session, a new one if need be; raises what `spark_session` and `on_start` raise."""
        if self._spark is not None and _is_alive(self._spark):
            return self._spark
        self._stack.close()
        self._spark = None
        spark = self._stack.enter_context(spark_session(self._settings, self._layout))
        self._on_start(spark)
        self._spark = spark
        return spark


def _is_alive(spark: SparkSession) -> bool:
    try:
        return not spark.sparkContext._jsc.sc().isStopped()
    except JVM_GONE:
        return False


def _forget_jvm() -> None:
    """Let the next session of this process start a JVM of its own: pyspark keeps the connection to its first one."""
    gateway, SparkContext._gateway, SparkContext._jvm = SparkContext._gateway, None, None
    SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None
    if gateway is not None:
        with suppress(*JVM_GONE):
            # Python's side of `foreachBatch`.
            gateway.shutdown()


def _stop(spark: SparkSession) -> None:
    try:
        spark.stop()
    except JVM_GONE:
        # A JVM that has ended by itself needs no stop; its user has raised the error.
        _forget_jvm()


def _start(
    settings: Settings, layout: Layout, class_archive: Sequence[str] | None, *, java: Path, scratch: Path, free: int
) -> SparkSession:
    log = spark_log(settings)
    if free < LEAST_DISK:
        raise MachineError(
            f"Only {megabytes(free)} are free under {settings.data_dir}, and Spark needs {megabytes(LEAST_DISK)}; "
            "free some, or choose another place with --data-dir."
        )
    jars = connector_jars()
    if class_archive is None:
        class_archive = reading_options(java, jars)
    if layout.local:
        # Otherwise Spark's ports listen on every interface.
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ.update(java_environment())
    # The workers run the same Python, wherever it is installed.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName(f"gistream-{settings.query}")
    for name, value in _conf(settings, layout, scratch, jars, [*_JVM, *class_archive]).items():
        builder = builder.config(name, value)
    with _stderr_to(log):
        try:
            spark = builder.getOrCreate()
        except (PySparkException, RuntimeError, OSError, *JVM_GONE) as error:
            if _STOPPED in str(error):
                raise ended_by_master(settings, layout) from error
            raise MachineError(f"Spark could not start: {reason(error)} (see {log}).") from error
    spark.sparkContext.setLogLevel("WARN")
    # It would print a traceback when the JVM is killed.
    spark.sparkContext._accumulatorServer.handle_error = lambda *_: None  # type: ignore[method-assign]
    return spark


def _conf(
    settings: Settings, layout: Layout, scratch: Path, jars: list[Path], java_options: list[str]
) -> dict[str, str]:
    # The folder of all scratch folders has one link, not each start another.
    scratch, repository = plain_path(scratch.parent) / scratch.name, plain_path(jar_folder())
    token_options = _token_options(settings)
    conf = {
        "spark.master": layout.master,
        "spark.driver.memory": settings.driver_memory,
        # The driver's alone: an executor on another machine has no class archive.
        "spark.driver.extraJavaOptions": " ".join([*java_options, *token_options]),
        "spark.jars": ",".join(str(repository / jar.relative_to(jar_folder())) for jar in jars),
        # A task takes a whole executor: one Python worker, whose documents fill all slots of the executor's engine.
        # More tasks would share the engine, but each task counts failures and orders ids on its own.
        "spark.task.cpus": str(layout.cores),
        "spark.executor.cores": str(layout.cores),
        "spark.task.maxFailures": str(TASK_ATTEMPTS),
        # A heartbeat brings the count of results, which `look` shows; the default of 10 s is longer than many batches.
        "spark.executor.heartbeatInterval": "2s",
        # The driver has fetched the model; a worker never asks a hub.
        "spark.executorEnv.HF_HUB_OFFLINE": "1",
        # The imports of a worker take seconds, and with `engine = "in-process"` it holds the model.
        "spark.python.worker.reuse": "true",
        # Rows of a batch on their way into the worker: few, so that the first document does not wait for more rows.
        # A result leaves the worker when it is written, not when others have filled a buffer: Arrow writes pieces of 8
        # bytes and more, and what is larger than the buffer is not buffered (measurements.md, flushing).
        "spark.sql.execution.arrow.maxRecordsPerBatch": "8",
        "spark.sql.execution.pandas.udf.buffer.size": "4",
        # Headers become dictionaries; the default makes them tuples in one case and dictionaries in another.
        "spark.sql.execution.pandas.structHandlingMode": "dict",
        # Our exceptions are sentences; Python's frames around them do not help a reader of the log.
        "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.streaming.stopTimeout": "30s",
        # An idle query asks Kafka for new records this often; 10 ms cost 0.26 of a core, 100 ms cost 0.11
        # (measurements.md, polling delay).
        "spark.sql.streaming.pollingDelay": "100ms",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.redaction.regex": REDACTED,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if layout.local:
        conf |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    else:
        conf |= {"spark.executor.instances": str(layout.executors)}
    if token_options:
        conf |= {"spark.executor.extraJavaOptions": " ".join(token_options)}
    if not is_one_jvm(layout.master):
        # A standalone cluster would give an application all cores that it has.
        conf |= {"spark.cores.max": str(layout.executors * layout.cores)}
    return conf


def _token_options(settings: Settings) -> list[str]:
    """Return the Java options for a login with a token: Kafka's newer clients ask only addresses that these allow."""
    if not uses_token(settings.kafka):
        return []
    return [f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={settings.kafka[ENDPOINT].strip()}"]


def connector_jars() -> list[Path]:
    """Return the jars of the Kafka connector that pyspark does not contain, compared by artifact name."""
    included = {_artifact(path) for path in Path(pyspark.__file__).parent.joinpath("jars").glob("*.jar")}
    return [path for path in resolve_jars(SPARK_KAFKA) if _artifact(path) not in included]


def _artifact(path: Path) -> str:
    return re.sub(r"-\d[^-]*(?:-.*)?\.jar$", "", path.name)


@contextmanager
def _stderr_to(log: Path) -> Iterator[None]:
    """Send the standard error of processes that start here to `log`; the JVM keeps the inherited file for life."""
    original = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(original, 2)
            os.close(original)
