"""llama.cpp: load once, batch continuously, survive its crashes. Knows nothing of documents or Spark.

    model/      the model file: find it, prove that it is whole, know what it is and what it takes
    lanes/      llama.cpp in this process: who computes what when
    process/    the same in a process of its own, which may crash
    tuning/     which representation of a model, and which setup, this CPU computes fastest

`open_model` checks a model file on the driver, and `describe_model` also one that is only to be looked at;
`LlamaRecipe` travels to where the engine is loaded, alone or inside a `process.recipe.ProcessRecipe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streaming.engine.model.model_file import ModelFile, describe_model, open_model
from streaming.engine.recipe import LlamaRecipe
from streaming.engine.setup import Setup, lanes_for
from streaming.machine.cores import usable_cores

__all__ = [
    "LlamaRecipe",
    "ModelFile",
    "Setup",
    "describe_model",
    "grammar_of",
    "lanes_for",
    "open_model",
    "usable_cores",
]


def grammar_of(schema: Mapping[str, Any]) -> str:
    """Return the grammar of answers in JSON after `schema`; raises `ValueError` for what no grammar can express."""
    # Only here: the driver and every command that needs no model start without llama.cpp.
    from streaming.engine.lanes.grammar import json_grammar

    return json_grammar(schema)
