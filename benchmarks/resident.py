"""How much a fresh process grows when it loads an engine, and whether it goes on growing.

Measured as `streaming.engine.model.memory` describes: the growth of the resident memory with the weights loaded, all
slots open, a prompt of a document in one slot of each lane and a short one in every other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psutil

from benchmarks.contract import Document, Opening, Resident
from benchmarks.systems.lanes import lanes_recipe, messages

# Before the growth is measured: what the library itself takes is not the engine's.
from streaming.engine.lanes import llama  # noqa: F401
from streaming.protocol import Engine, GenerationRequest, Sampling

# Tokens generated of each prompt: memory does not depend on how many.
_GENERATED = 8
_ROUNDS = 4
_SHORT = "The mill burned on Tuesday."


def resident(opening: Opening, documents: Sequence[Document]) -> Resident:
    """Load the engine of `opening` into this process and return what it takes; `documents` are enough for each lane.

    Raises `EngineError`, and `ModelError` for a file that is no model.
    """
    recipe = lanes_recipe(opening)
    process = psutil.Process()
    before = process.memory_info().rss
    engine = recipe.load()
    try:
        grown = []
        for number in range(_ROUNDS):
            long = [
                documents[(number * recipe.lanes + lane) % len(documents)].chunks[0] for lane in range(recipe.lanes)
            ]
            asyncio.run(_fill(engine, [*long, *[_SHORT] * (recipe.slots - recipe.lanes)]))
            grown.append(process.memory_info().rss - before)
    finally:
        engine.close()
    return Resident(grown[0], grown[-1])


async def _fill(engine: Engine, texts: Sequence[str]) -> None:
    requests = (GenerationRequest(tuple(messages(text)), Sampling(), max_tokens=_GENERATED) for text in texts)
    await asyncio.gather(*map(engine.generate, requests))
