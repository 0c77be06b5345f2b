"""An engine of realistic timing without a model, which also crashes or has no end where a text tells it to."""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streaming.errors import DeadlineExceeded
from streaming.protocol import EngineStatus, Generation, GenerationRequest, Message

CRASHES = "This document crashes the engine."
HAS_NO_END = "This document takes an hour."


@dataclass(frozen=True)
class SteadyRecipe:
    """An engine with `slots` places; an answer takes 0.5 to 1.5 times `seconds` in one of them, by its text."""

    seconds: float
    slots: int = 8

    def load(self, on_progress: Callable[[float], None] | None = None) -> SteadyEngine:
        if on_progress is not None:
            on_progress(1.0)
        return SteadyEngine(self)


class SteadyEngine:
    """Answers with the first sentence of the text."""

    context = 2048

    def __init__(self, recipe: SteadyRecipe) -> None:
        self._recipe = recipe
        self._places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}
        self._busy = self._tokens = 0

    @property
    def slots(self) -> int:
        return self._recipe.slots

    async def generate(
        self, request: GenerationRequest, *, on_native: Callable[[bool], None] | None = None
    ) -> Generation:
        text, began = request.messages[-1].content, time.monotonic()
        on_native = on_native or (lambda _working: None)
        share = hashlib.sha256(text.encode()).digest()[0] / 255
        seconds = self._recipe.seconds * (0.5 + share)
        if HAS_NO_END in text:
            seconds = 3600
        place = self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self.slots))
        async with place:
            self._busy += 1
            on_native(True)
            try:
                if CRASHES in text:
                    # Its neighbours are at work by then.
                    await asyncio.sleep(0.1)
                    ctypes.string_at(0)
                if request.deadline is not None and time.monotonic() + seconds > request.deadline:
                    await asyncio.sleep(max(0.0, request.deadline - time.monotonic()))
                    raise DeadlineExceeded("it took longer than document_deadline")
                await asyncio.sleep(seconds)
            finally:
                self._busy -= 1
                on_native(False)
        self._tokens += 20
        return Generation(text.partition(". ")[0] + ".", len(text) // 4, 20, "stop", time.monotonic() - began)

    def count(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content) // 4 + 1 for message in messages)

    def status(self) -> EngineStatus:
        return EngineStatus(self.slots, self._busy, 0, 0, self._tokens, 0.0)

    def close(self) -> None: ...
