"""An engine that does to its process what a document tells it to: for tests of what contains it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from streaming.errors import EngineError
from streaming.protocol import EngineStatus, Generation, GenerationRequest, Message


@dataclass(frozen=True)
class HazardRecipe:
    """`log` gets a line for each load and generation; `how` says how that ends: "well", "error", "crash" or "never"."""

    log: str
    how: str = "well"

    def load(self, on_progress: Callable[[float], None] | None = None) -> HazardEngine:
        note(self.log, f"load {os.getpid()}")
        if self.how == "error":
            raise EngineError("The model file is not there.")
        if self.how == "crash":
            ctypes.string_at(0)
        if self.how == "never":
            threading.Event().wait()
        for share in (0.0, 0.5, 1.0):
            if on_progress is not None:
                on_progress(share)
        return HazardEngine(self.log)


class HazardEngine:
    """Answers with the text itself; "segfault" crashes, "hang" never returns, "grow" takes 500 MB.

    "block" never returns, and the whole process with it; "fail" ends the engine for good, without a crash. A text "wait
    PATH" is answered when the file is there.
    """

    def __init__(self, log: str) -> None:
        self._log = log
        self._busy = self._stuck = 0.0
        self._memory: list[bytes] = []
        self._failed = False

    context, slots = 2048, 4

    async def generate(
        self, request: GenerationRequest, *, on_native: Callable[[bool], None] | None = None
    ) -> Generation:
        text = request.messages[-1].content
        on_native = on_native or (lambda working: None)
        on_native(True)
        self._busy += 1
        note(self._log, f"begin {text}")
        try:
            if text.startswith("segfault"):
                # Its neighbours are at work by then.
                await asyncio.sleep(0.1)
                ctypes.string_at(0)
            elif text.startswith("hang"):
                self._stuck = time.monotonic()
                await asyncio.to_thread(threading.Event().wait)
            elif text.startswith("block"):
                time.sleep(1000)  # noqa: ASYNC251
            elif text.startswith("fail"):
                await asyncio.sleep(0.1)
                self._failed = True
            elif text.startswith("grow"):
                self._memory.append(b"x" * 500_000_000)
                await asyncio.sleep(60)
            elif text.startswith("wait"):
                await asyncio.to_thread(_until_there, Path(text.split()[1]))
            else:
                await asyncio.sleep(0.2)
        finally:
            self._busy -= 1
            if not self._failed:
                on_native(False)
        if self._failed:
            raise EngineError("The engine has failed.")
        note(self._log, f"end {text}")
        return Generation(f"{text}, kept!" if request.keep else f"{text}!", 1, request.max_tokens, "stop", 0.0)

    def count(self, messages: Sequence[Message]) -> int:
        if "segfault" in messages[-1].content:
            ctypes.string_at(0)
        if "hang" in messages[-1].content:
            threading.Event().wait()
        if "slow" in messages[-1].content:
            time.sleep(0.5)
        return sum(len(message.content) for message in messages)

    def status(self) -> EngineStatus:
        if self._failed:
            raise EngineError("The engine has failed.")
        stalled = time.monotonic() - self._stuck if self._stuck else 0.0
        return EngineStatus(self.slots, int(self._busy), 0, 0, 0, stalled)

    def close(self) -> None: ...


def _until_there(path: Path) -> None:
    while not path.exists():
        time.sleep(0.02)


def note(log: str, line: str) -> None:
    with open(log, "a") as file:  # noqa: PTH123
        file.write(line + "\n")
