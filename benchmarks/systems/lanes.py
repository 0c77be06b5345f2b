"""gistream's engine alone, in this process, loaded by the recipe that an executor gets.

Knobs: slots, lanes, threads, ubatch. Every prompt is there at once; the engine queues what has no slot yet.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence

from benchmarks.contract import Document, Opening, Run
from streaming.engine import LlamaRecipe, open_model
from streaming.protocol import Engine, Generation, GenerationRequest, Message, Sampling
from streaming.settings import Settings
from streaming.summarizer import load_profiles

_PROFILE = load_profiles()[Settings.model_validate({}).prompt]


class Lanes:
    """A loaded engine."""

    def __init__(self, opening: Opening) -> None:
        self._max_tokens = opening.max_tokens
        self.engine: Engine = lanes_recipe(opening).load()
        asyncio.run(self._warm(int(opening.knobs["lanes"])))

    @property
    def process(self) -> int:
        """The worker's own process."""
        return os.getpid()

    def run(self, documents: Sequence[Document], finished: Callable[[], None]) -> Run:
        """Summarize every chunk of every document."""
        chunks = [chunk for document in documents for chunk in document.chunks]
        began = time.perf_counter()
        done = asyncio.run(self._generate(chunks, finished))
        seconds = time.perf_counter() - began
        tokens_in, tokens_out = sum(one.prompt_tokens for one in done), sum(one.completion_tokens for one in done)
        return Run(len(documents), seconds, tokens_in, tokens_out)

    def close(self) -> None:
        """Free the model."""
        self.engine.close()

    async def _warm(self, lanes: int) -> None:
        """Compute a token in each lane, without anything of the prompts to come."""
        warm = GenerationRequest((Message("user", "Warm."),), Sampling(), max_tokens=1)
        await asyncio.gather(*(self.engine.generate(warm) for _ in range(lanes)))

    async def _generate(self, texts: Sequence[str], finished: Callable[[], None]) -> list[Generation]:
        async def one(text: str) -> Generation:
            request = GenerationRequest(tuple(messages(text)), Sampling(), self._max_tokens)
            done = await self.engine.generate(request)
            finished()
            return done

        return list(await asyncio.gather(*map(one, texts)))


def messages(text: str) -> list[Message]:
    """Return what every system is asked about a text: the default prompt profile."""
    return _PROFILE.messages(text)


def lanes_recipe(opening: Opening) -> LlamaRecipe:
    """Return the recipe of an engine with the knobs of `opening`; raises `ModelError`."""
    knobs = opening.knobs
    return LlamaRecipe(
        open_model(str(opening.model)),
        slots=int(knobs["slots"]),
        lanes=int(knobs["lanes"]),
        context=opening.context,
        threads=int(knobs["threads"]),
        ubatch=int(knobs["ubatch"]),
    )
