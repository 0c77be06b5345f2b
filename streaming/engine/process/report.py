"""The report of an engine process about itself, for monitoring."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from streaming.engine.process.caller import Caller
from streaming.engine.process.folder import EngineFolder, engine_folders
from streaming.engine.process.wire import Frame, encode, read_frame
from streaming.protocol import EngineStatus

# Rates are averages of these last seconds: long enough for a step of every slot, short enough to follow changes.
_RATE_SECONDS = 10
_ANSWER_SECONDS = 10


@dataclass(frozen=True)
class EngineReport:
    """The state of one engine process.

    `server`, `child` and `executor` are process ids; `child` is None while there is no child. `loading` is the share of
    the model that is loaded, None when the model is loaded. `requests` counts requests without an answer, `suspects`
    the requests among them that are tried alone after a crash. `memory` and `memory_limit` are the child's, in bytes.
    Rates are tokens a second, in the last ten seconds. `loads` and `deaths` count the child's since the server began.
    `caller` is the program for whose documents the engine was started; None when that is unknown.
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
    caller: Caller | None = None

    @property
    def status(self) -> EngineStatus:
        """The values that every engine has."""
        return EngineStatus(
            self.slots, self.busy, self.waiting, self.prompt_tokens, self.completion_tokens, self.stalled
        )


class Rates:
    """The tokens a second of the last seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, EngineStatus]] = deque()

    def add(self, status: EngineStatus) -> None:
        """Add the current status."""
        now = time.monotonic()
        self._samples.append((now, status))
        while now - self._samples[0][0] > _RATE_SECONDS:
            self._samples.popleft()

    def clear(self) -> None:
        """Forget all statuses, because a new child counts from zero."""
        self._samples.clear()

    def rates(self) -> tuple[float, float]:
        """Return tokens a second, of prompts and of completions."""
        if len(self._samples) < 2:
            return 0.0, 0.0
        (began, first), (ended, last) = self._samples[0], self._samples[-1]
        seconds = max(ended - began, 0.001)
        return (
            (last.prompt_tokens - first.prompt_tokens) / seconds,
            (last.completion_tokens - first.completion_tokens) / seconds,
        )


def engine_reports(patience: float = _ANSWER_SECONDS) -> list[EngineReport]:
    """Return the reports of all engine processes of this user on this machine that answer within `patience` seconds."""
    return asyncio.run(_ask_all(patience))


def unpack_report(fields: Frame) -> EngineReport:
    """Return the report of a frame."""
    caller = fields.get("caller")
    return EngineReport(**{**fields, "caller": Caller(**caller) if caller else None})


async def _ask_all(patience: float) -> list[EngineReport]:
    reports = await asyncio.gather(*(_ask(folder, patience) for folder in engine_folders()))
    return [report for report in reports if report is not None]


async def _ask(folder: EngineFolder, patience: float) -> EngineReport | None:
    try:
        reader, writer = await asyncio.open_unix_connection(str(folder.socket))
    except OSError:
        return None
    writer.write(encode({"hello": folder.secret()}) + encode({"id": 0, "do": "report"}))
    try:
        return await asyncio.wait_for(_read_report(reader), patience)
    except asyncio.TimeoutError:
        return None
    finally:
        writer.close()


async def _read_report(reader: asyncio.StreamReader) -> EngineReport | None:
    frame: Frame | None = {}
    while frame is not None and "id" not in frame:
        frame = await read_frame(reader)
    return None if frame is None else unpack_report(frame["done"])
