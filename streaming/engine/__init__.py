"""llama.cpp: load once, batch continuously. Knows nothing of documents or Spark.

`open_model` checks a model file on the driver, and `describe_model` also one that is only to be looked at;
`LlamaRecipe` travels to the executors and loads the engine there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streaming.engine.model.model_file import ModelFile, describe_model, open_model
from streaming.engine.model.split import checksums, part_paths
from streaming.errors import EngineError
from streaming.protocol import Engine

__all__ = ["LlamaRecipe", "ModelFile", "describe_model", "open_model"]


@dataclass(frozen=True)
class LlamaRecipe:
    """How to load the in-process engine: the file, `slots` sequences of `context` tokens, `threads` threads.

    `completion` gives the model plain text to go on with, not a chat. A model that reasons may do so for at most
    `thinking_tokens` tokens of a generation, tags included; with 0 it is told not to.
    """

    path: Path
    sha256: str
    slots: int
    context: int
    threads: int
    completion: bool = False
    thinking_tokens: int = 0

    def load(self, tell: Callable[[float], None] | None = None) -> Engine:
        """Load the model; raises `EngineError`, also when the file is not the one that the driver described."""
        if checksums(part_paths(self.path)).whole != self.sha256:
            raise EngineError(f"The model file {self.path} was changed while the query ran; start the query again.")
        # Only here: the driver and every command that needs no model start without llama.cpp.
        from streaming.engine.lanes.batching import BatchingEngine
        from streaming.engine.lanes.llama import Weights

        weights = Weights(self.path, completion=self.completion, thinking=self.thinking_tokens > 0)
        return BatchingEngine(weights, slots=self.slots, context=self.context, threads=self.threads)
