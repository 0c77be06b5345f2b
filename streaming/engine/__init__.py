"""llama.cpp: load once, batch continuously, survive its crashes. Knows nothing of documents or Spark.

    model/      the model file: find it, prove that it is whole, know what it is and what it takes
    lanes/      llama.cpp in this process: who computes what when
    process/    the same in a process of its own, which may crash

`open_model` checks a model file on the driver, and `describe_model` also one that is only to be looked at;
`LlamaRecipe` travels to where the engine is loaded, alone or inside a `process.recipe.ProcessRecipe`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streaming.engine.model.memory import UBATCH, available, refusal
from streaming.engine.model.model_file import ModelFile, describe_model, open_model
from streaming.engine.model.split import checksums, part_paths
from streaming.errors import EngineError
from streaming.protocol import Engine

__all__ = ["LlamaRecipe", "ModelFile", "describe_model", "lanes_for", "open_model"]


@dataclass(frozen=True)
class LlamaRecipe:
    """How to load an engine: `slots` sequences of `context` tokens, computed by `threads` threads.

    Slots and threads are those of all `lanes` together; a prefill computes at most `ubatch` tokens at once. A GPU
    computes `gpu_layers` layers of the model. `memory` is how many bytes the engine may use (None: what is free).
    `completion` gives the model plain text to go on with, not a chat. A model that reasons may do so for at most
    `thinking_tokens` tokens of a generation, tags included; with 0 it is told not to.
    """

    model: ModelFile
    slots: int
    lanes: int
    context: int
    threads: int
    ubatch: int = UBATCH
    gpu_layers: int = 0
    memory: int | None = None
    completion: bool = False
    thinking_tokens: int = 0

    def load(self, tell: Callable[[float], None] | None = None) -> Engine:
        """Load the model; `tell` hears how much of it is loaded, from 0 to 1.

        Raises `EngineError`, also when it would not fit the memory, or is not the file that the driver described.
        """
        if sentence := self.refusal():
            raise EngineError(sentence)
        path = self.model.path
        if checksums(part_paths(path)).whole != self.model.sha256:
            raise EngineError(f"The model file {path} was changed while the query ran; start the query again.")
        # Only here: the driver and every command that needs no model start without llama.cpp.
        from streaming.engine.lanes.batching import BatchingEngine
        from streaming.engine.lanes.llama import Weights

        weights = Weights(
            path,
            gpu_layers=self.gpu_layers,
            completion=self.completion,
            thinking=self.thinking_tokens > 0,
            tell=tell,
        )
        return BatchingEngine(
            weights,
            slots=self.slots,
            lanes=self.lanes,
            context=self.context,
            threads=self.threads,
            ubatch=self.ubatch,
            thinking_tokens=self.thinking_tokens,
        )

    def refusal(self) -> str | None:
        """Return why this machine cannot have the engine: its memory, with the numbers, or its GPU; None if it can."""
        if self.gpu_layers:
            # Only here, as below.
            from streaming.engine.lanes.llama import gpu_refusal

            # How much memory a GPU takes over is not known.
            return gpu_refusal(self.gpu_layers)
        return refusal(
            self.model.shape,
            name=self.model.name,
            file_bytes=self.model.file_bytes,
            slots=self.slots,
            lanes=self.lanes,
            context=min(self.context, self.model.context or self.context),
            room=available(),
            limit=self.memory,
            ubatch=self.ubatch,
        )


def lanes_for(*, threads: int, slots: int, gpu_layers: int = 0) -> int:
    """Return the number of lanes: one a thread, as far as the slots go.

    Measured with 24 texts of 500 words, 96 new tokens, the sample model and 2 cores, in documents a second: one lane of
    two threads and 4 slots 0.286 and 0.288; two lanes of one thread and 4 slots 0.311 and 0.315, 8 slots 0.324. A lane
    of one thread waits for no other thread, which counts more beside other work: with 79% of the cores the first made
    0.20, with 87% two lanes of 8 slots 0.29. A GPU computes one batch at a time, so there is one lane.
    """
    return 1 if gpu_layers else min(threads, slots)
