"""An engine that asks the store before the model: the second level of the store, one answer at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict

from streaming.protocol import Engine, EngineStatus, Generation, GenerationRequest, Message
from streaming.store.entry import Labels
from streaming.store.keys import ModelIdentity, generation_key
from streaming.store.store import Store

# The document and the recipe for which the running task asks: an entry's labels.
_working_on: ContextVar[tuple[str, str]] = ContextVar("working_on", default=("", ""))


@contextmanager
def working_on(document_sha256: str, recipe: str) -> Iterator[None]:
    """Label the generations of this task, and of those that it starts, with a document and a recipe."""
    token = _working_on.set((document_sha256, recipe))
    try:
        yield
    finally:
        _working_on.reset(token)


class StoredEngine:
    """`engine`, with a store before it. An answer of the store counts no tokens: nothing was computed."""

    def __init__(self, engine: Engine, store: Store, model: ModelIdentity) -> None:
        self._engine, self._store, self._model = engine, store, model

    @property
    def context(self) -> int:
        """Tokens one sequence may hold."""
        return self._engine.context

    @property
    def slots(self) -> int:
        """Sequences that are generated at once."""
        return self._engine.slots

    async def generate(
        self, request: GenerationRequest, *, on_native: Callable[[bool], None] | None = None
    ) -> Generation:
        """Return the stored answer, or generate one and store it; raises as the engine does."""
        started, key = time.monotonic(), generation_key(self._model, request)
        if (value := await self._store.get("generations", key)) is not None:
            return Generation(value["text"], 0, 0, value["finish"], time.monotonic() - started)
        generation = await self._engine.generate(request, on_native=on_native)
        labels = Labels(*_working_on.get(), time.time())
        await self._store.put("generations", key, labels, asdict(generation))
        return generation

    def count(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt in tokens."""
        return self._engine.count(messages)

    def status(self) -> EngineStatus:
        """Return the state of the engine."""
        return self._engine.status()

    def close(self) -> None:
        """Stop generating and free the model."""
        self._engine.close()
