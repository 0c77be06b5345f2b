"""A tuning for the settings of an installation: what is to be tuned, and for what work."""

from __future__ import annotations

from streaming.engine import ModelFile
from streaming.engine.model import memory
from streaming.engine.tuning.tune import Task
from streaming.errors import UsageError
from streaming.samples import sample_texts
from streaming.settings import MIB, Settings


def tuning_task(
    settings: Settings, model: ModelFile, *, cores: int, budget: float, quick: bool, allow_loss: float
) -> Task:
    """Return the task of a tuning within `budget` seconds; raises `UsageError` for a model that a GPU computes."""
    if settings.gpu_layers:
        raise UsageError("A tuning measures this CPU, and gpu_layers leaves the model to a GPU; set it to 0 to tune.")
    limit = settings.engine_memory * MIB if settings.engine_memory else None
    room = memory.available()
    # A model is never given more than it was trained for.
    context = min(settings.context, model.context or settings.context)
    return Task(
        model=model,
        texts=sample_texts(),
        cores=cores,
        context=context,
        # As long as a chunk, where the model can take as much.
        prompt_tokens=min(settings.chunk_tokens, context - settings.max_tokens),
        completion_tokens=settings.max_tokens,
        memory=room if limit is None else min(limit, room),
        folder=settings.models_dir,
        budget=budget,
        quick=quick,
        allow_loss=allow_loss,
    )
