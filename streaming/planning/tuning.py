"""Tunings: the task of one, derived from the settings, and the one that was kept for this machine."""

from __future__ import annotations

from streaming.engine import ModelFile
from streaming.engine.model import memory
from streaming.engine.tuning.task import TuningTask
from streaming.engine.tuning.tuning_file import Tuning, find_tuning
from streaming.errors import UsageError
from streaming.planning.layout import Layout
from streaming.planning.token_limits import checked_token_limits
from streaming.settings import MIB, Settings

# Memory of Kafka's JVM, the driver and its workers, beside Spark's JVM.
_OTHER_PROCESSES = 1024 * MIB
_UNITS = {"k": 1024, "m": MIB, "g": 1024 * MIB, "t": MIB * MIB}


def tuning_task(
    settings: Settings,
    model: ModelFile,
    layout: Layout,
    texts: list[str],
    *,
    budget: float,
    quick: bool,
    allow_loss: float,
) -> TuningTask:
    """Return the task of a tuning on `texts`, in `budget` seconds; raises `UsageError` for a model on a GPU."""
    if settings.gpu_layers:
        raise UsageError("A tuning measures this CPU, and gpu_layers leaves the model to a GPU; set it to 0 to tune.")
    limit = settings.engine_memory * MIB if settings.engine_memory else None
    # Engines share the machine's memory when all executors are on it.
    available = max(0, memory.available_bytes() - other_memory(settings)) // (layout.executors if layout.local else 1)
    limits = checked_token_limits(settings, model)
    return TuningTask(
        model=model,
        texts=texts,
        cores=layout.cores,
        context=limits.context,
        prompt_tokens=limits.chunk_tokens,
        completion_tokens=limits.max_tokens,
        memory=available if limit is None else min(limit, available),
        folder=settings.models_dir,
        budget=budget,
        native_deadline=settings.native_deadline,
        document_deadline=settings.document_deadline,
        quick=quick,
        allow_loss=allow_loss,
    )


def kept_tuning(settings: Settings, model: ModelFile, *, cores: int) -> Tuning | None:
    """Return the tuning of `model` for this machine; None when there is none.

    It is in the folder that all data dirs share; gistream 0.1 kept it in the data dir. Raises `MachineError` when the
    file cannot be read.
    """
    for folder in (settings.shared_dir, settings.data_dir):
        if (tuning := find_tuning(folder, model, cores=cores)) is not None:
            return tuning
    return None


def other_memory(settings: Settings) -> int:
    """Return the bytes that a query needs beside its engines; `driver_memory` has Java's form: 2g, 512m."""
    return _OTHER_PROCESSES + int(settings.driver_memory[:-1]) * _UNITS[settings.driver_memory[-1].lower()]
