"""The ladder: what becomes of a text when the model's summary of it is bad.

1. The model summarizes it as the recipe says.
2. When the guards object, the model tries again with other sampling, up to three times.
3. When they still object, the model summarizes two halves, each half as long, in the same way.
4. A half whose summary is still bad gets an extract of the same length.

A summary without faults but with a blemish is tried again once; then the better grounded one is taken. The ladder
ends, because nothing is halved twice.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from streaming.protocol import Sampling
from streaming.summarizer.guards import Verdict

# Of 34 bad summaries, tries with this sampling mended 23, the best of six variants (measurements.md, ladder sampling).
_TRIES = 3
_TEMPERATURE, _MIN_P = 0.3, 0.1
# Summaries without a fault among which one is chosen, when each has a blemish.
_MOST_CANDIDATES = 2


class LadderSteps(Protocol):
    """What the ladder is made of, for one part of a text. All but `generate` compute, and run in a thread."""

    async def generate(self, text: str, sampling: Sampling, max_tokens: int, *, may_retry: bool) -> str:
        """Return the model's summary of `text`, "" when it has none; `may_retry`: the same text may come again."""

    def judge(self, summary: str, text: str) -> Verdict:
        """Say what is wrong with a summary of `text`."""

    def halve(self, text: str) -> list[str]:
        """Cut a text in two; it stays whole when it cannot be cut."""

    def extract(self, text: str, tokens: int) -> str:
        """Return sentences of a text, about `tokens` of them; never nothing."""

    def join(self, summaries: list[str]) -> str:
        """Make one summary of several."""


@dataclass(frozen=True)
class LadderResult:
    """A summary, and the `extracts` that are parts of it."""

    summary: str
    extracts: tuple[str, ...] = ()


async def run_ladder(text: str, steps: LadderSteps, *, sampling: Sampling, max_tokens: int) -> LadderResult:
    """Summarize a text that fits a prompt in at most `max_tokens`, whatever the model says; raises as `generate`."""
    if summary := await _good_summary(text, text, steps, sampling, max_tokens):
        return LadderResult(summary)
    halves = await to_thread(steps.halve, text)
    if len(halves) == 1:
        extract = await to_thread(steps.extract, text, max_tokens)
        return LadderResult(extract, (extract,))
    half_tokens = max_tokens // len(halves)
    summaries, extracts = list[str](), list[str]()
    for half in halves:
        # A short half supports little, so its summary is judged by the whole text.
        summary = await _good_summary(half, text, steps, sampling, half_tokens)
        if not summary:
            summary = await to_thread(steps.extract, half, half_tokens)
            extracts.append(summary)
        summaries.append(summary)
    return LadderResult(await to_thread(steps.join, summaries), tuple(extracts))


async def _good_summary(text: str, source: str, steps: LadderSteps, sampling: Sampling, max_tokens: int) -> str:
    """Return the first good summary of `text` by `source`, else the better of two without faults, else ""."""
    candidates: list[tuple[float, str]] = []
    for try_sampling, may_retry in samplings(sampling):
        summary = await steps.generate(text, try_sampling, max_tokens, may_retry=may_retry)
        verdict = await to_thread(steps.judge, summary, source)
        if not verdict.faults and not verdict.blemishes:
            return summary
        if not verdict.faults:
            candidates.append((verdict.grounding or 0.0, summary))
        if len(candidates) == _MOST_CANDIDATES:
            break
    return max(candidates, key=lambda candidate: candidate[0])[1] if candidates else ""


def samplings(first: Sampling) -> Iterator[tuple[Sampling, bool]]:
    """Yield the sampling of a first answer and of further tries: each differs, and is the same in every run.

    With each comes whether another one follows.
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
