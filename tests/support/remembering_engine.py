"""An engine that asks another one once for each request, for tests that look at one answer in several ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from streaming.protocol import Engine, EngineStatus, Generation, GenerationRequest, Message


class RememberingEngine:
    """Answers of `inner`; the same request has the same answer, as it has from any engine that does not sample."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner
        self._answers: dict[GenerationRequest, Generation] = {}

    @property
    def context(self) -> int:
        return self._inner.context

    @property
    def slots(self) -> int:
        return self._inner.slots

    async def generate(
        self, request: GenerationRequest, *, on_native: Callable[[bool], None] | None = None
    ) -> Generation:
        key = replace(request, deadline=None, keep=False)
        if key not in self._answers:
            self._answers[key] = await self._inner.generate(request, on_native=on_native)
        return self._answers[key]

    def count(self, messages: Sequence[Message]) -> int:
        return self._inner.count(messages)

    def status(self) -> EngineStatus:
        return self._inner.status()

    def close(self) -> None:
        self._inner.close()
