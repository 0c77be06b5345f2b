"""The recipe of a llama.cpp engine: a small value that travels to the executor, alone or in a `ProcessRecipe`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streaming.engine.model.memory import available_bytes, refusal
from streaming.engine.model.model_file import ModelFile
from streaming.engine.model.representation import prepare_representation
from streaming.engine.model.split import checksums, part_paths
from streaming.engine.setup import UBATCH
from streaming.errors import EngineError, ModelError
from streaming.protocol import Engine


@dataclass(frozen=True)
class LlamaRecipe:
    """How to load an engine: `slots` sequences of `context` tokens, computed by `threads` threads.

    Slots and threads are those of all `lanes` together; a prefill computes at most `ubatch` tokens at once. A GPU
    computes `gpu_layers` layers of the model. `memory` is how many bytes the engine may use (None: all that are free).
    `completion` gives the model plain text to continue, not a chat. A reasoning model may think for at most
    `thinking_tokens` tokens of a generation, tags included; with 0 thinking is switched off. `original` is the file
    from which `model` was prepared; an executor that lacks the prepared file makes it again. None when the file is used
    as given.
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
    original: ModelFile | None = None

    def load(self, on_progress: Callable[[float], None] | None = None) -> Engine:
        """Load the model; `on_progress` is called with the share that is loaded, from 0 to 1.

        Raises `EngineError`, also when the model would not fit the memory, or is not the file that the driver
        described.
        """
        if reason := self.refusal():
            raise EngineError(reason)
        self._check_file()
        path = self.model.path
        # Imported here, so that the driver and commands without a model start without llama.cpp.
        from streaming.engine.lanes.batching import BatchingEngine
        from streaming.engine.lanes.llama import Weights

        weights = Weights(
            path,
            gpu_layers=self.gpu_layers,
            completion=self.completion,
            thinking=self.thinking_tokens > 0,
            on_progress=on_progress,
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

    def load_counter(self) -> Engine:
        """Load the vocabulary alone: an engine that counts tokens and generates none. Raises `EngineError`."""
        # Imported here, as in `load`.
        from streaming.engine.lanes.counting import CountingEngine
        from streaming.engine.lanes.llama import Weights

        weights = Weights(
            (self.original or self.model).path,
            completion=self.completion,
            thinking=self.thinking_tokens > 0,
            vocabulary_only=True,
        )
        return CountingEngine(weights, context=min(self.context, self.model.context), slots=self.slots)

    def _check_file(self) -> None:
        """Make sure that the file is here and is the file that the driver described; raises `EngineError`."""
        model, original = self.model, self.original
        if original is None:
            if checksums(part_paths(model.path)).whole != model.sha256:
                raise EngineError(
                    f"The model file {model.path} was changed while the query ran; start the query again."
                )
            return
        try:
            prepared = prepare_representation(original, model.representation, model.path.parent)
        except ModelError as error:
            raise EngineError(str(error)) from error
        if prepared.sha256 != model.sha256:
            raise EngineError(
                f"The model {original.name} as {model.representation} is not the same here as on the driver; install "
                "the same version of llama-cpp-python on every machine, or use the model as given: "
                "--representation given."
            )

    def refusal(self) -> str | None:
        """Return why this machine cannot load the engine (memory with the numbers, or the GPU); None if it can."""
        if self.gpu_layers:
            # Imported here, so that the driver and commands without a model start without llama.cpp.
            from streaming.engine.lanes.llama import gpu_refusal

            # How much of the memory a GPU takes over is unknown.
            return gpu_refusal(self.gpu_layers)
        return refusal(
            self.model.shape,
            name=self.model.name,
            file_bytes=self.model.file_bytes,
            slots=self.slots,
            lanes=self.lanes,
            context=min(self.context, self.model.context or self.context),
            available=available_bytes(),
            limit=self.memory,
            ubatch=self.ubatch,
        )
