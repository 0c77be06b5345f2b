"""An engine that counts tokens and generates none: the vocabulary of a model file, without its weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streaming.engine.lanes.llama import Weights
from streaming.errors import EngineError
from streaming.protocol import EngineStatus, Generation, GenerationRequest, Message


class CountingEngine:
    """Counts prompts as the loaded model would; see `streaming.protocol.Engine`."""

    def __init__(self, weights: Weights, *, context: int, slots: int) -> None:
        """`context` and `slots` are those that the loaded model would have; `close` frees `weights`."""
        self._weights, self._context, self._slots = weights, context, slots

    @property
    def context(self) -> int:
        """Tokens that a sequence would hold."""
        return self._context

    @property
    def slots(self) -> int:
        """Sequences that would be generated at once."""
        return self._slots

    async def generate(
        self,
        request: GenerationRequest,  # noqa: ARG002 - the protocol's
        *,
        on_native: Callable[[bool], None] | None = None,  # noqa: ARG002
    ) -> Generation:
        """Raise `EngineError`."""
        raise EngineError("This engine has no weights: it counts tokens and generates none.")

    def count(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt in tokens."""
        return len(self._weights.render(messages))

    def status(self) -> EngineStatus:
        """Return the state of an engine that does nothing."""
        return EngineStatus(self._slots, busy=0, waiting=0, prompt_tokens=0, completion_tokens=0, stalled=0.0)

    def close(self) -> None:
        """Free the vocabulary."""
        self._weights.close()
