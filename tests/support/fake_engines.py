"""Engines without a model, for the Spark workers of tests. They leave a line in a file for each load and generation."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streaming.errors import DocumentFailed, EngineError
from streaming.protocol import EngineStatus, Generation, GenerationRequest, Message


@dataclass(frozen=True)
class FakeRecipe:
    """An engine that answers "Summary of ...", one generation at a time, each after `seconds`.

    A text that contains "fail" fails for its document, one with "break" for the service, and one with "end the process"
    ends the worker's process; `mended` summarizes all of them.
    """

    log: str
    seconds: float = 0.0
    mended: bool = False

    def load(self, on_progress: Callable[[float], None] | None = None) -> FakeEngine:
        _note(self.log, f"loaded {os.getpid()}")
        return FakeEngine(self)


class FakeEngine:
    def __init__(self, recipe: FakeRecipe) -> None:
        self._recipe = recipe
        self._turns: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}

    @property
    def context(self) -> int:
        return 2048

    @property
    def slots(self) -> int:
        return 1

    async def generate(
        self, request: GenerationRequest, *, on_native: Callable[[bool], None] | None = None
    ) -> Generation:
        text = request.messages[-1].content
        if "break" in text and not self._recipe.mended:
            raise EngineError("The engine is broken for this test.")
        if "fail" in text and not self._recipe.mended:
            raise DocumentFailed("it failed for this test")
        async with self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            await asyncio.sleep(self._recipe.seconds)
            if "end the process" in text and not self._recipe.mended:
                os.kill(os.getpid(), signal.SIGKILL)
            _note(self._recipe.log, "generated")
        return Generation(f"Summary of {text[:20]}.", len(text) // 4, 5, "stop", self._recipe.seconds)

    def count(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content) // 4 + 1 for message in messages)

    def status(self) -> EngineStatus:
        busy = sum(turn.locked() for turn in self._turns.values())
        return EngineStatus(slots=1, busy=busy, waiting=0, prompt_tokens=0, completion_tokens=0, stalled=0.0)

    def close(self) -> None:
        _note(self._recipe.log, "closed")


def _note(log: str, line: str) -> None:
    with open(log, "a") as file:  # noqa: PTH123
        file.write(line + "\n")
