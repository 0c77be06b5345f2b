"""Strategies: how a text of any length becomes one summary, as plain async functions over `StrategySteps`.

- `stuff` reads the text in one prompt.
- `map_reduce` summarizes the chunks side by side and joins the summaries; when they are too long together, it keeps the
  most important sentences. It scored best on SQuALITY dev for a small model, which summarizes its own summaries badly.
- `tree` summarizes the summaries again, level by level, until they fit one prompt, and then once more: for larger
  models, and for profiles that say how.
- `refine` reads one chunk after the other, each together with the summary of all before it.

Each ends: `map_reduce` has one level and `refine` one answer a chunk. When a level of `tree` is not a fifth shorter
than the one before it, its most important sentences get the last summary.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from streaming.summarizer.prompts import Stage

# A level must shrink to this share of the one before it, to be worth another.
_SHRINKS = 0.8


@dataclass(frozen=True)
class Part:
    """A text that fits a prompt: a whole document or, by its `stage`, part `number` of the `of` that it is read in."""

    text: str
    stage: Stage = "whole"
    number: int = 1
    of: int = 1


class StrategySteps(Protocol):
    """What strategies are made of. `tokens` are about as many as a result should have."""

    async def summarize(self, part: Part, tokens: int) -> str:
        """Summarize one part."""

    async def finish(self, part: Part, tokens: int) -> str:
        """Make the summary of the whole text out of its last part, in the form that the profile asks for."""

    async def split(self, text: str) -> list[str]:
        """Cut a text into parts that fit a prompt."""

    async def count(self, text: str) -> int:
        """Count the tokens of a text."""

    async def shorten(self, text: str, tokens: int) -> str:
        """Make one summary of joined ones: the most important sentences of them, or of the whole text."""


async def stuff(text: str, steps: StrategySteps, *, tokens: int) -> str:
    """Summarize a text that fits one prompt in about `tokens`."""
    return await steps.finish(Part(text), tokens)


async def map_reduce(chunks: Sequence[str], steps: StrategySteps, *, tokens: int, part_tokens: int) -> str:
    """Summarize each chunk in `part_tokens`, join the summaries, and keep the most important sentences: `tokens`."""
    summaries = await _level(chunks, "part", steps, part_tokens)
    return await steps.shorten("\n".join(summaries), tokens)


async def tree(chunks: Sequence[str], steps: StrategySteps, *, tokens: int, part_tokens: int) -> str:
    """Summarize each chunk in `part_tokens`, and the summaries likewise, until one prompt holds them.

    Then `steps.finish` makes one summary of about `tokens` out of them.
    """
    joined = "\n".join(await _level(chunks, "part", steps, part_tokens))
    while len(groups := await steps.split(joined)) > 1:
        before = await steps.count(joined)
        joined = "\n".join(await _level(groups, "joined", steps, part_tokens))
        if await steps.count(joined) > before * _SHRINKS:
            # The shortened text is as long as a summary, and a profile may ask for more than a prompt holds.
            joined = (await steps.split(await steps.shorten(joined, tokens)))[0]
            break
    return await steps.finish(Part(joined, "joined"), tokens)


async def refine(chunks: Sequence[str], steps: StrategySteps, *, tokens: int) -> str:
    """Summarize the first chunk, then each next one together with the summary so far, always in about `tokens`."""
    summary = ""
    stage: Stage
    for number, chunk in enumerate(chunks, 1):
        so_far, stage = (f"{summary}\n\n", "refined") if summary else ("", "whole")
        part = Part(f"{so_far}{chunk}", stage, number, len(chunks))
        summary = await steps.summarize(part, tokens)
    return summary


async def _level(texts: Sequence[str], stage: Stage, steps: StrategySteps, tokens: int) -> list[str]:
    parts = [Part(text, stage, number, len(texts)) for number, text in enumerate(texts, 1)]
    summaries = await gather([steps.summarize(part, tokens) for part in parts])
    return [summary for summary in summaries if summary]


async def gather(work: list[Awaitable[str]]) -> list[str]:
    """Run all of `work` side by side; when one fails, cancel the rest and raise its error."""
    tasks = [asyncio.ensure_future(item) for item in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        # Without effect on tasks that are done. gather() itself leaves the others running when one fails.
        for task in tasks:
            task.cancel()
