"""What gistream needs of the Java world: a runtime for Kafka and Spark, and their jars from Maven's repositories."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import jgo
import requests
from jgo.constants import default_maven_repo
from jgo.maven import Artifact

from streaming.errors import MachineError

# What Spark 4.2 and Kafka 4.1 both need.
OLDEST_JAVA = 17
# Kafka's own artifact has no logging back end; its releases add this one. Each is resolved alone: together the
# resolver lets one's versions decide over the other's.
KAFKA = ("org.apache.kafka:kafka_2.13:4.1.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3")
# Connector and Spark must be of the same version.
SPARK_KAFKA = ("org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",)


def find_java() -> Path:
    """Return the `java` to run: that of JAVA_HOME, else the one on the path; raises `MachineError`."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else shutil.which("java")
    needed = (
        f"gistream needs Java {OLDEST_JAVA} or newer: install it (Debian: apt install openjdk-17-jre-headless, "
        "macOS: brew install openjdk@17) and have JAVA_HOME or the path lead to it"
    )
    if found is None:
        raise MachineError(f"There is no Java here; {needed}.")
    try:
        version = java_version(Path(found))
    except OSError as error:
        raise MachineError(f"Java cannot be run at {found} ({error.strerror}); {needed}.") from error
    if version < OLDEST_JAVA:
        raise MachineError(f"The Java at {found} is older than {OLDEST_JAVA}; {needed}.")
    return Path(found)


def java_version(java: Path) -> int:
    """Return the major version of a Java, 0 when it does not say; raises `OSError` when it cannot be run."""
    done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    version = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(version[1]) if version else 0


def resolve_jars(coordinates: Sequence[str]) -> list[Path]:
    """Return the jars of Maven artifacts and of all they depend on, fetched once into the local Maven repository.

    The first time takes seconds and a network; then neither. Raises `MachineError`.
    """
    try:
        with _fetching():
            found = dict.fromkeys(_whole(artifact) for one in coordinates for artifact in jgo.resolve(one))
    except (OSError, RuntimeError, ValueError, requests.RequestException) as error:
        raise MachineError(
            f"The jars of {coordinates[0]} could not be fetched: {str(error).splitlines()[0]}; the first start needs a "
            "network that reaches Maven's central repository, later ones do not."
        ) from error
    return list(found)


@contextmanager
def _fetching() -> Iterator[None]:
    """Let one thread of one process at a time fetch jars: jgo writes them in place, where others would read halves."""
    repository = default_maven_repo()
    repository.mkdir(parents=True, exist_ok=True)
    # The folder itself, because it may be one that only others may write.
    descriptor = os.open(repository, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _whole(artifact: Artifact) -> Path:
    """Return the jar of an artifact; one of which a broken connection or a kill left a part is fetched again."""
    jar: Path = artifact.resolve()
    if not zipfile.is_zipfile(jar):
        jar.unlink()
        jar = artifact.resolve()
    return jar
