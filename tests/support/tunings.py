"""A tuning as `gistream tune` makes one, without what it measured."""

from __future__ import annotations

from streaming.engine import ModelFile, Setup
from streaming.engine.model.representation import llama_build
from streaming.engine.tuning.tuning_file import Chosen, Tuning, this_cpu


def tuning_of(model: ModelFile, setup: Setup, *, cores: int) -> Tuning:
    """Return a tuning that chose BF16 in `setup`."""
    return Tuning(
        cpu=this_cpu(),
        cores=cores,
        llama_cpp=llama_build(),
        model=model.name,
        model_sha256=model.sha256,
        given=model.representation,
        context=2048,
        made_at="2026-01-31T08:00:00+00:00",
        seconds=100.0,
        allow_loss=0.0,
        speeds=[],
        qualities=[],
        skipped=[],
        chosen=Chosen("BF16", setup, 2.0),
    )
