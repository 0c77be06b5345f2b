"""The growth of a fresh process that loads an engine, and whether it grows further.

Measured (docs/design/measurements.md, Memory prediction): the growth of the resident memory with the weights
loaded, all slots open, a prompt of a document in one slot of each lane and a short prompt in every other slot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psutil

from benchmarks.contract import Document, Opening, Resident
from benchmarks.systems.lanes import lanes_recipe, messages

# Before the growth is measured, because the memory of the library itself is not the engine's.
from streaming.engine.lanes import llama  # noqa: F401
from streaming.protocol import Engine, GenerationRequest, Sampling

# Tokens generated for each prompt; memory does not depend on their number.
_GENERATED = 8
_ROUNDS = 4
_SHORT = "The mill burned on Tuesday."


def resident(opening: Opening, documents: Sequence[Document]) -> Resident:
    """Load the engine of `opening` into this process and return its memory; each lane gets one document at a time.

    Raises `EngineError`, and `ModelError` for a file that is no model.
    """
    recipe = lanes_recipe(opening)
    process = psutil.Process()
    before = process.memory_info().rss
    engine = recipe.load()
    try:
        growth = []
        for number in range(_ROUNDS):
            long = [
                documents[(number * recipe.lanes + lane) % len(documents)].chunks[0] for lane in range(recipe.lanes)
            ]
            asyncio.run(_fill(engine, [*long, *[_SHORT] * (recipe.slots - recipe.lanes)]))
            growth.append(process.memory_info().rss - before)
    finally:
        engine.close()
    return Resident(growth[0], growth[-1])


async def _fill(engine: Engine, texts: Sequence[str]) -> None:
    requests = (GenerationRequest(tuple(messages(text)), Sampling(), max_tokens=_GENERATED) for text in texts)
    await asyncio.gather(*map(engine.generate, requests))
