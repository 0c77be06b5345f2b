"""Java for Kafka and Spark: the runtime, and the jars from Maven's repositories."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import jgo
import requests
from jgo.constants import default_maven_repo
from jgo.maven import Artifact

from streaming.errors import MachineError, reason

# The oldest version that both Spark 4.2 and Kafka 4.1 run on.
OLDEST_JAVA = 17
# Kafka's artifact has no logging back end; its releases add this one. Each is resolved alone: in a common resolution
# the versions of one override those of the other.
KAFKA = ("org.apache.kafka:kafka_2.13:4.1.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3")
# The connector and Spark must have the same version.
SPARK_KAFKA = ("org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",)


def find_java() -> Path:
    """Return the `java` of JAVA_HOME, else the one on the path; raises `MachineError`."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    remedy = (
        f"gistream needs Java {OLDEST_JAVA} or newer: install it (Debian: apt install openjdk-17-jre-headless, "
        "macOS: brew install openjdk@17) and have JAVA_HOME or the path lead to it"
    )
    if program is None:
        raise MachineError(f"There is no Java here; {remedy}.")
    try:
        version = java_version(Path(program))
    except OSError as error:
        raise MachineError(f"Java cannot be run at {program} ({error.strerror}); {remedy}.") from error
    if version < OLDEST_JAVA:
        raise MachineError(f"The Java at {program} is older than {OLDEST_JAVA}; {remedy}.")
    return Path(program)


def java_version(java: Path) -> int:
    """Return the major version of a Java, 0 when it prints none; raises `OSError` when it cannot be run."""
    version = re.search(r'version "(?:1\.)?(\d+)', java_build(java))
    return int(version[1]) if version else 0


@cache
def java_build(java: Path) -> str:
    """Return what `java -version` prints: version, build and vendor; raises `OSError` when it cannot be run."""
    process = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    return process.stderr + process.stdout


def resolve_jars(coordinates: Sequence[str]) -> list[Path]:
    """Return the jars of Maven artifacts and their dependencies, fetched once into the local Maven repository.

    The first call takes seconds and needs a network; later calls need neither. Raises `MachineError`.
    """
    try:
        with _repository_lock():
            jars = dict.fromkeys(_whole_jar(artifact) for name in coordinates for artifact in jgo.resolve(name))
    except (OSError, RuntimeError, ValueError, requests.RequestException) as error:
        raise MachineError(
            f"The jars of {coordinates[0]} could not be fetched: {reason(error)}; the first start needs a "
            "network that reaches Maven's central repository, later ones do not."
        ) from error
    return list(jars)


def jar_folder() -> Path:
    """Return the local Maven repository, below which all jars are."""
    return default_maven_repo()


@contextmanager
def _repository_lock() -> Iterator[None]:
    """Let one thread of one process at a time fetch jars: jgo writes in place, so others would read partial files."""
    repository = jar_folder()
    repository.mkdir(parents=True, exist_ok=True)
    # The lock is on the folder itself, because this user may not be allowed to write into it.
    descriptor = os.open(repository, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _whole_jar(artifact: Artifact) -> Path:
    """Return the jar of an artifact; a partial jar, left by a broken connection or a kill, is fetched again."""
    jar: Path = artifact.resolve()
    if not zipfile.is_zipfile(jar):
        jar.unlink()
        jar = artifact.resolve()
    return jar
