"""The engine ahead of the first document: on one machine it loads while Spark starts the query."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pyspark.sql import SparkSession

from streaming.engine.process.recipe import ProcessRecipe
from streaming.errors import EngineError
from streaming.protocol import EngineRecipe
from streaming.spark.session import JVM_GONE, runs_in_one_jvm


def start_engine(spark: SparkSession, recipe: EngineRecipe, on_progress: Callable[[float], None], *, log: Path) -> None:
    """Begin to load the engine of the executor, when that is Spark's own JVM on this machine; returns at once.

    `on_progress` is called, from another thread, with the share of the model that is loaded, from 0 to 1; what the
    engine's process says goes to `log`. Executors on other machines start their engine with the first document. So does
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
        # Whoever starts the query in it finds that, too, and has the words for it.
        return

    def load() -> None:
        with suppress(EngineError):
            # It stays where it is, with its executor; only the connection is closed.
            recipe.load(on_progress, owner=executor, log=log).close()

    # Whoever stops while a large model loads does not wait for it.
    threading.Thread(target=load, name="gistream-engine-start", daemon=True).start()
