"""Starts the engine before the first document: on one machine the model loads while Spark starts the query."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pyspark.sql import SparkSession

from streaming.engine.process.recipe import ProcessRecipe
from streaming.errors import EngineError
from streaming.protocol import EngineRecipe
from streaming.spark.jvm.session import JVM_GONE, runs_in_one_jvm


def start_engine(spark: SparkSession, recipe: EngineRecipe, on_progress: Callable[[float], None], *, log: Path) -> None:
    """Begin to load the engine of the executor, when that is Spark's own JVM on this machine; returns at once.

    `on_progress` is called, from another thread, with the share of the model that is loaded, from 0 to 1; the
    engine's process logs to `log`. Executors on other machines start their engine with the first document. So does
    this executor when the start fails here: its worker then raises the reason.
    """
    if not isinstance(recipe, ProcessRecipe) or not runs_in_one_jvm(spark):
        return
    jvm = spark.sparkContext._jvm
    if jvm is None:
        return
    try:
        executor = int(jvm.java.lang.ProcessHandle.current().pid())
    except JVM_GONE:
        # The start of the query will fail for the same reason and explain it.
        return

    def load() -> None:
        with suppress(EngineError):
            # The engine stays with its executor; only this connection is closed.
            recipe.load(on_progress, owner=executor, log=log).close()

    # A daemon thread, so that a stop does not wait for a large model to load.
    threading.Thread(target=load, name="gistream-engine-start", daemon=True).start()
