"""What an engine process says about itself, for those who watch it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from streaming.engine.process.folder import EngineFolder, engine_folders
from streaming.engine.process.wire import Frame, encode, read
from streaming.protocol import EngineStatus

# Rates are over the last seconds: long enough for a step of every slot, short enough to follow what happens.
_RATE_SECONDS = 10
_ANSWER_SECONDS = 10


@dataclass(frozen=True)
class EngineReport:
    """One engine process.

    `server`, `child` and `executor` are process ids, the child's is None while there is none. `loading` is how much of
    the model is loaded, None when it is. `requests` are those not answered yet, `suspects` those of them that are tried
    alone after a crash. `memory` is what the child has and `memory_limit` what it may have, in bytes. Rates are tokens
    a second, of the last ten seconds. `loads` and `deaths` are the child's since the server began.
    """

    model: str
    server: int
    child: int | None
    executor: int
    loading: float | None
    workers: int
    requests: int
    suspects: int
    slots: int
    busy: int
    waiting: int
    stalled: float
    prompt_tokens: int
    completion_tokens: int
    prompt_rate: float
    completion_rate: float
    memory: int
    memory_limit: int
    loads: int
    deaths: int

    @property
    def status(self) -> EngineStatus:
        """The part that every engine has."""
        return EngineStatus(
            self.slots, self.busy, self.waiting, self.prompt_tokens, self.completion_tokens, self.stalled
        )


class Rates:
    """How many tokens a second were computed lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, EngineStatus]] = deque()

    def add(self, status: EngineStatus) -> None:
        """Take note of what the engine has done until now."""
        now = time.monotonic()
        self._seen.append((now, status))
        while now - self._seen[0][0] > _RATE_SECONDS:
            self._seen.popleft()

    def forget(self) -> None:
        """Begin anew: a new child counts from zero."""
        self._seen.clear()

    def rates(self) -> tuple[float, float]:
        """Return tokens a second, of prompts and of completions."""
        if len(self._seen) < 2:
            return 0.0, 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        seconds = max(ended - began, 0.001)
        return (
            (last.prompt_tokens - first.prompt_tokens) / seconds,
            (last.completion_tokens - first.completion_tokens) / seconds,
        )


def engine_reports() -> list[EngineReport]:
    """Ask every engine process of this user on this machine; those that do not answer are left out."""
    return [found for folder in engine_folders() if (found := asyncio.run(_ask(folder))) is not None]


async def _ask(place: EngineFolder) -> EngineReport | None:
    try:
        reader, writer = await asyncio.open_unix_connection(str(place.socket))
    except OSError:
        return None
    writer.write(encode({"hello": place.secret()}) + encode({"id": 0, "do": "report"}))
    try:
        return await asyncio.wait_for(_report(reader), _ANSWER_SECONDS)
    except asyncio.TimeoutError:
        return None
    finally:
        writer.close()


async def _report(reader: asyncio.StreamReader) -> EngineReport | None:
    frame: Frame | None = {}
    while frame is not None and "id" not in frame:
        frame = await read(reader)
    return None if frame is None else EngineReport(**frame["done"])
