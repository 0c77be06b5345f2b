"""llama.cpp: load once, batch continuously, survive its crashes. Knows nothing of documents or Spark.

    model/      the model file: find it, prove that it is whole, describe it, predict its memory
    lanes/      llama.cpp in this process: which slot computes which request when
    process/    the same in a process of its own, which may crash
    tuning/     the representation of a model and the setup that this CPU computes fastest

On the driver `open_model` checks a model file for an engine, and `describe_model` describes a file that may not be fit
for one. `LlamaRecipe` travels to the executor that loads the engine, alone or inside a `process.recipe.ProcessRecipe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streaming.engine.model.model_file import ModelFile, describe_model, open_model
from streaming.engine.recipe import LlamaRecipe
from streaming.engine.setup import Setup, lanes_for

__all__ = [
    "LlamaRecipe",
    "ModelFile",
    "Setup",
    "describe_model",
    "grammar_of",
    "lanes_for",
    "open_model",
]


def grammar_of(schema: Mapping[str, Any]) -> str:
    """Return the grammar of JSON answers that follow `schema`; raises `ValueError` if no grammar can express it."""
    # Imported here, so that the driver and commands without a model start without llama.cpp.
    from streaming.engine.lanes.grammar import json_grammar

    return json_grammar(schema)
