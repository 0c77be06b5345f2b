"""gistream's engine alone, in this process, loaded by the recipe that an executor gets.

Knobs: slots, lanes, threads, ubatch. All prompts are sent at once; the engine queues prompts that have no slot yet.
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

    def run(self, documents: Sequence[Document], on_part: Callable[[], None]) -> Run:
        """Summarize every chunk of every document."""
        chunks = [chunk for document in documents for chunk in document.chunks]
        began = time.perf_counter()
        answers = asyncio.run(self._generate(chunks, on_part))
        seconds = time.perf_counter() - began
        tokens_in = sum(answer.prompt_tokens for answer in answers)
        tokens_out = sum(answer.completion_tokens for answer in answers)
        return Run(len(documents), seconds, tokens_in, tokens_out)

    def close(self) -> None:
        """Free the model."""
        self.engine.close()

    async def _warm(self, lanes: int) -> None:
        """Compute a token in each lane, of a prompt that is no part of the prompts to come."""
        warm = GenerationRequest((Message("user", "Warm."),), Sampling(), max_tokens=1)
        await asyncio.gather(*(self.engine.generate(warm) for _ in range(lanes)))

    async def _generate(self, texts: Sequence[str], on_part: Callable[[], None]) -> list[Generation]:
        async def answer(text: str) -> Generation:
            request = GenerationRequest(tuple(messages(text)), Sampling(), self._max_tokens)
            generation = await self.engine.generate(request)
            on_part()
            return generation

        return list(await asyncio.gather(*map(answer, texts)))


def messages(text: str) -> list[Message]:
    """Return the messages that every system gets about a text: those of the default prompt profile."""
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
