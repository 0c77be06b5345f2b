"""llama.cpp: load once, batch continuously. Knows nothing of documents or Spark.

`open_model` checks a model file on the driver; `LlamaRecipe` travels to the executors and loads the engine there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streaming.engine.model_file import ModelFile, open_model
from streaming.protocol import Engine

__all__ = ["LlamaRecipe", "ModelFile", "open_model"]


@dataclass(frozen=True)
class LlamaRecipe:
    """How to load the in-process engine: the file, `slots` sequences of `context` tokens, `threads` threads."""

    path: Path
    sha256: str
    slots: int
    context: int
    threads: int

    def load(self) -> Engine:
        """Load the model; raises `EngineError`."""
        # Only here: the driver and every command that needs no model start without llama.cpp.
        from streaming.engine.batching import BatchingEngine
        from streaming.engine.llama import Weights

        return BatchingEngine(Weights(self.path), slots=self.slots, context=self.context, threads=self.threads)
