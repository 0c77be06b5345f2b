"""Strategies: how a text of any length becomes one summary, as plain async functions over `summarize(part, tokens)`.

- `stuff` reads the text in one prompt.
- `map_reduce` summarizes its chunks side by side and joins what comes out; of more than was asked for, it keeps the
  most important sentences. On SQuALITY dev that scored best for a small model: it summarizes its own summaries badly.
- `tree` summarizes the summaries again, level by level, until they fit one prompt, and then once more: for larger
  models, and for profiles that say how.
- `refine` reads one chunk after the other, each together with the summary of all before it.

Each ends: `map_reduce` has one level and `refine` one answer a chunk; when a level of `tree` is not a fifth shorter
than the one before it, the most important sentences of it are what is summarized last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from streaming.summarizer.prompts import Stage

# How much shorter a level must be than the one before it, to be worth another.
_SHRINKS = 0.8


@dataclass(frozen=True)
class Part:
    """A text that fits a prompt: a whole document or, by its `stage`, part `number` of the `of` that it is read in."""

    text: str
    stage: Stage = "whole"
    number: int = 1
    of: int = 1


# Summarizes one part in about so many tokens.
Summarize = Callable[[Part, int], Awaitable[str]]
# Cuts a text into parts that fit a prompt.
Split = Callable[[str], Awaitable[list[str]]]
# Counts the tokens of a text.
Count = Callable[[str], Awaitable[int]]
# Takes from a text as many of its sentences as so many tokens hold.
Keep = Callable[[str, int], Awaitable[str]]


async def stuff(text: str, *, tokens: int, summarize: Summarize) -> str:
    """Summarize a text that fits one prompt in about `tokens`."""
    return await summarize(Part(text), tokens)


async def map_reduce(chunks: Sequence[str], *, tokens: int, each: int, summarize: Summarize, keep: Keep) -> str:
    """Summarize `chunks` in `each` tokens and join that; of more than `tokens`, keep the most important sentences."""
    summaries = await _level(chunks, "part", each, summarize)
    return await keep("\n".join(summaries), tokens)


async def tree(
    chunks: Sequence[str],
    *,
    tokens: int,
    each: int,
    summarize: Summarize,
    last: Summarize,
    split: Split,
    count: Count,
    keep: Keep,
) -> str:
    """Summarize `chunks` in `each` tokens, and their summaries likewise, until one prompt holds them.

    Then `last` makes one summary of about `tokens` out of them.
    """
    joined = "\n".join(await _level(chunks, "part", each, summarize))
    while len(groups := await split(joined)) > 1:
        before = await count(joined)
        joined = "\n".join(await _level(groups, "joined", each, summarize))
        if await count(joined) > before * _SHRINKS:
            # What is kept is as long as a summary should be, and a profile may ask for more than a prompt holds.
            joined = (await split(await keep(joined, tokens)))[0]
            break
    return await last(Part(joined, "joined"), tokens)


async def refine(chunks: Sequence[str], *, tokens: int, summarize: Summarize) -> str:
    """Summarize the first chunk, then each next one together with the summary so far, always in about `tokens`."""
    summary = ""
    for number, chunk in enumerate(chunks, 1):
        part = Part(f"{summary}\n\n{chunk}", "refined", number, len(chunks)) if summary else Part(chunk)
        summary = await summarize(part, tokens)
    return summary


async def _level(texts: Sequence[str], stage: Stage, tokens: int, summarize: Summarize) -> list[str]:
    parts = [Part(text, stage, number, len(texts)) for number, text in enumerate(texts, 1)]
    summaries = await gather([summarize(part, tokens) for part in parts])
    return [summary for summary in summaries if summary]


async def gather(work: list[Awaitable[str]]) -> list[str]:
    """Run all of `work` side by side; when one fails, cancel the rest and raise its error."""
    tasks = [asyncio.ensure_future(item) for item in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        # Without effect on those that are done. gather() itself leaves the others running when one fails.
        for task in tasks:
            task.cancel()
