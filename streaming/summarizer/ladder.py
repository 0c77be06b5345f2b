"""The ladder: what becomes of a text when the model's summary of it is bad.

1. The model summarizes it as the recipe says.
2. When the guards object, it tries again with other sampling, up to three times.
3. When they still object, it summarizes two halves, each half as long, in the same way.
4. A half that is still bad gives way to an extract of the same length.

A summary that is not bad but blemished is tried again once; then the better grounded one is taken. It ends: nothing is
halved twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

from streaming.protocol import Sampling
from streaming.summarizer.guards import Verdict

# SmolLM2-135M, 150 chunks of SQuALITY dev, greedy: 34 summaries were bad (30 not grounded, 3 loops, 1 empty). A try
# with temperature 0.3 and min_p 0.1 mended 23 of them (another seed 22), temperature 0.5 with a higher repeat penalty
# 16, greedy with repeat penalty 1.2 17, with 1.05 10. One stayed bad in all six.
_TRIES = 3
_TEMPERATURE, _MIN_P = 0.3, 0.1
# Summaries without a fault among which one is chosen, when each has a blemish.
_FAIR = 2
# Generates a summary of a text with some sampling, in at most so many tokens; the last says whether the same text may
# come again.
Generate = Callable[[str, Sampling, int, bool], Awaitable[str]]
# Says what is wrong with a summary of a text.
Judge = Callable[[str, str], Verdict]
# Takes from a text as much as so many tokens can say; never nothing.
Extract = Callable[[str, int], str]


@dataclass(frozen=True)
class Rungs:
    """What the ladder does its work with; `halve` cuts a text in two, or leaves it whole when it cannot be cut.

    `halve`, `judge`, `extract` and `join`, which makes one summary of two, take their time, in a thread of their own.
    """

    generate: Generate
    judge: Judge
    halve: Callable[[str], list[str]]
    extract: Extract
    join: Callable[[list[str]], str]


@dataclass(frozen=True)
class Climbed:
    """A summary; `extracts` of its parts are no model's."""

    summary: str
    extracts: int


async def climb(text: str, rungs: Rungs, *, sampling: Sampling, max_tokens: int) -> Climbed:
    """Summarize a text that fits a prompt in at most `max_tokens`, whatever the model says; raises as `generate`."""
    if summary := await _tried(text, text, rungs, sampling, max_tokens):
        return Climbed(summary, 0)
    halves = await asyncio.to_thread(rungs.halve, text)
    if len(halves) == 1:
        return Climbed(await asyncio.to_thread(rungs.extract, text, max_tokens), 1)
    each = max_tokens // len(halves)
    parts, extracts = [], 0
    for half in halves:
        # Of a short half too little could be said; its summary is held against the whole text.
        summary = await _tried(half, text, rungs, sampling, each)
        if not summary:
            summary = await asyncio.to_thread(rungs.extract, half, each)
            extracts += 1
        parts.append(summary)
    return Climbed(await asyncio.to_thread(rungs.join, parts), extracts)


async def _tried(text: str, source: str, rungs: Rungs, sampling: Sampling, max_tokens: int) -> str:
    """Return the first summary of `text` that is good by `source`, else the better of two that are not bad, else ""."""
    fair: list[tuple[float, str]] = []
    for tried, again in samplings(sampling):
        summary = await rungs.generate(text, tried, max_tokens, again)
        verdict = await asyncio.to_thread(rungs.judge, summary, source)
        if not verdict.faults and not verdict.blemishes:
            return summary
        if not verdict.faults:
            fair.append((verdict.grounding or 0.0, summary))
        if len(fair) == _FAIR:
            break
    return max(fair, key=lambda one: one[0])[1] if fair else ""


def samplings(first: Sampling) -> Iterator[tuple[Sampling, bool]]:
    """Yield how to sample a first answer and, when that is bad, others: elsewhere each time, but repeatably so.

    With each comes whether there is one after it.
    """
    yield first, True
    for number in range(1, _TRIES + 1):
        other = replace(
            first,
            temperature=max(_TEMPERATURE, first.temperature),
            min_p=max(_MIN_P, first.min_p),
            seed=(first.seed + number) % 2**32,
        )
        yield other, number < _TRIES
