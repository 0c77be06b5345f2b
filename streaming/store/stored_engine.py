"""An engine that asks the store before the model: the second level of the store, one answer at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, replace

from streaming.protocol import Engine, EngineStatus, Generation, GenerationRequest, Message
from streaming.store.entry import Labels
from streaming.store.keys import ModelIdentity, generation_key
from streaming.store.store import Store

# What the running task asks for: the labels of what it stores.
_NOTHING = Labels("", "", 0)
_working_on: ContextVar[Labels] = ContextVar("working_on", default=_NOTHING)


@contextmanager
def working_on(labels: Labels) -> Iterator[None]:
    """Label the generations of this task, and of those that it starts; the time is each one's own."""
    token = _working_on.set(labels)
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
        labels = _working_on.get()
        if (value := await self._store.get("generations", key, labels.id_sha256)) is not None:
            return Generation(value["text"], 0, 0, value["finish"], time.monotonic() - started)
        generation = await self._engine.generate(request, on_native=on_native)
        await self._store.put("generations", key, replace(labels, made_at=time.time()), asdict(generation))
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
