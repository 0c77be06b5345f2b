"""Classes that Kafka's options name: they must be in a jar that Spark loads, which is checked before it starts."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pyspark

from streaming.errors import UsageError
from streaming.settings.kafka_client_options import CLASSES
from streaming.spark.jvm.session import connector_jars

# Where a user's own jars may be named; then nobody but Java knows their classes.
_OWN_JARS = ("spark.jars.packages", "extraClassPath")


def check_classes(options: Mapping[str, str]) -> None:
    """Raise `UsageError` for a class of Kafka's options that neither Spark nor its Kafka connector has."""
    wanted = {name: [part.strip() for part in options[name].split(",")] for name in sorted(CLASSES & options.keys())}
    if not wanted or _has_own_jars():
        return
    jars = [*connector_jars(), *Path(pyspark.__file__).parent.joinpath("jars").glob("*.jar")]
    missing = {f"{name.replace('.', '/')}.class" for names in wanted.values() for name in names}
    for jar in jars:
        if missing:
            with zipfile.ZipFile(jar) as file:
                missing.difference_update(file.namelist())
    for option, names in wanted.items():
        for name in names:
            if f"{name.replace('.', '/')}.class" in missing:
                raise UsageError(
                    f"The Kafka option '{option}' names the class {name}, which is in no jar of Spark or of its Kafka "
                    "connector; correct it, or name its jar with spark.driver.extraClassPath and "
                    "spark.executor.extraClassPath in spark-defaults.conf."
                )


def _has_own_jars() -> bool:
    home = Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)
    defaults = Path(os.environ.get("SPARK_CONF_DIR") or home / "conf") / "spark-defaults.conf"
    text = defaults.read_text(errors="replace") if defaults.is_file() else ""
    return any(option in text for option in _OWN_JARS) or "PYSPARK_SUBMIT_ARGS" in os.environ
