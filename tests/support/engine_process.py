"""An engine in a process of its own for tests, and its state as seen from outside."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from hazards import HazardRecipe

from streaming.engine.process.folder import EngineFolder, engine_folders
from streaming.engine.process.recipe import ProcessRecipe
from streaming.protocol import Engine, Generation, GenerationRequest, Message, Sampling


def recipe(log: Path, how: str = "well", *, stall: float = 30, memory: int | None = None) -> ProcessRecipe:
    return ProcessRecipe(HazardRecipe(str(log), how), stall=stall, memory=memory)


@contextmanager
def engine(log: Path, *, stall: float = 30, memory: int | None = None) -> Iterator[Engine]:
    loaded = recipe(log, stall=stall, memory=memory).load()
    try:
        yield loaded
    finally:
        loaded.close()


async def ask(loaded: Engine, text: str, deadline: float | None = None) -> Generation:
    messages = (Message("user", text),)
    return await loaded.generate(GenerationRequest(messages, sampling=Sampling(), max_tokens=8, deadline=deadline))


async def ask_all(loaded: Engine, texts: list[str]) -> dict[str, object]:
    answers = await asyncio.gather(*(ask(loaded, text) for text in texts), return_exceptions=True)
    results = [answer.text if isinstance(answer, Generation) else type(answer) for answer in answers]
    return dict(zip(texts, results, strict=True))


def lines(log: Path, word: str) -> list[str]:
    return [line for line in log.read_text().splitlines() if line.startswith(word)]


def child(log: Path) -> psutil.Process:
    return psutil.Process(child_pid(log))


def child_pid(log: Path) -> int:
    return int(lines(log, "load")[-1].split()[1])


async def until(holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait until `holds` returns something true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def own_folders() -> list[EngineFolder]:
    return [folder for folder in engine_folders() if folder.owner == os.getpid()]
