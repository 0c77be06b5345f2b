"""llama.cpp: load once, batch continuously. Knows nothing of documents or Spark.

`open_model` checks a model file on the driver, and `describe_model` also one that is only to be looked at;
`LlamaRecipe` travels to the executors and loads the engine there, in as many lanes as `lanes_for` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streaming.engine.model.model_file import ModelFile, describe_model, open_model
from streaming.engine.model.split import checksums, part_paths
from streaming.errors import EngineError
from streaming.protocol import Engine

__all__ = ["LlamaRecipe", "ModelFile", "describe_model", "lanes_for", "open_model"]


@dataclass(frozen=True)
class LlamaRecipe:
    """How to load the in-process engine: the file, `slots` sequences of `context` tokens, `threads` threads.

    Slots and threads are those of all `lanes` together; a GPU computes `gpu_layers` layers of the model.
    """

    path: Path
    sha256: str
    slots: int
    context: int
    threads: int
    lanes: int
    gpu_layers: int

    def load(self) -> Engine:
        """Load the model; raises `EngineError`, also when the file is not the one that the driver described."""
        if checksums(part_paths(self.path)).whole != self.sha256:
            raise EngineError(f"The model file {self.path} was changed while the query ran; start the query again.")
        # Only here: the driver and every command that needs no model start without llama.cpp.
        from streaming.engine.lanes.batching import BatchingEngine
        from streaming.engine.lanes.llama import Weights

        return BatchingEngine(
            Weights(self.path, self.gpu_layers),
            slots=self.slots,
            lanes=self.lanes,
            context=self.context,
            threads=self.threads,
        )


def lanes_for(*, threads: int, slots: int, gpu_layers: int = 0) -> int:
    """Return the number of lanes: one a thread, as far as the slots go.

    Measured with 24 texts of 500 words, 96 new tokens, the sample model and 2 cores, in documents a second: one lane of
    two threads and 4 slots 0.286 and 0.288; two lanes of one thread and 4 slots 0.311 and 0.315, 8 slots 0.324. A lane
    of one thread waits for no other thread, which counts more beside other work: with 79% of the cores the first made
    0.20, with 87% two lanes of 8 slots 0.29. A GPU computes one batch at a time, so there is one lane.
    """
    return 1 if gpu_layers else min(threads, slots)
