"""The summarizer: any text in, a summary that ends in a whole sentence out, with what it cost and how it was made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from streaming.errors import BadInput, EngineError
from streaming.protocol import Engine, FinishReason
from streaming.summarizer.budget import Budget, cached_count
from streaming.summarizer.cleaning import OriginalPositions, clean_text
from streaming.summarizer.evidence import SummarySentence
from streaming.summarizer.form import Missing
from streaming.summarizer.guards import SignalValues, measure
from streaming.summarizer.job import Job
from streaming.summarizer.languages import load_detector
from streaming.summarizer.prompts import PromptProfile, PromptVariables
from streaming.summarizer.readable import Kind, ReadableText, read_text
from streaming.summarizer.recipe import Recipe
from streaming.summarizer.request import SummaryRequest
from streaming.summarizer.structured import answer_of, free_text

Status = Literal["ok", "repaired", "extractive_fallback"]


@dataclass(frozen=True)
class SummaryResult:
    """A summary and how it was made; tokens are of all generations, `seconds` is wall-clock time.

    `answer` is the value of a summary in JSON, None for a text.

    The evidence of its `sentences` are characters of the text as it was given. `supported` is the share of the
    sentences that stand on the text, None when that cannot be measured. `left_out` counts, by kind, the characters of
    the text that are no language, which the model did not see. `missing` is what the profile asks for in vain.
    """

    summary: str
    answer: Any
    status: Status
    sentences: Sequence[SummarySentence]
    supported: float | None
    strategy: str
    chunks: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    finish: FinishReason
    signals: SignalValues
    left_out: Mapping[Kind, int]
    missing: Sequence[Missing]


class Summarizer:
    """Summarizes texts of any length by one recipe on one engine; any number at a time."""

    def __init__(self, engine: Engine, recipe: Recipe) -> None:
        self._engine = engine
        self._recipe = recipe
        self._count_instructions = cached_count(engine)
        load_detector()

    def check(self, profile: PromptProfile) -> None:
        """Raise `EngineError` when context or chunk do not hold what a profile asks for."""
        budget = Budget(self._engine, self._recipe, profile, PromptVariables(), self._count_instructions)
        if shortage := budget.shortage():
            raise EngineError(f"{shortage[0].upper()}{shortage[1:]}.")

    async def summarize(self, request: SummaryRequest, *, deadline: float | None = None) -> SummaryResult:
        """Summarize one text; `deadline` is a moment of `time.monotonic()`.

        Raises `BadInput` when there is no text or too much, `DocumentFailed` when the model cannot answer as the
        profile asks, `DeadlineExceeded`, or `EngineError`.
        """
        started = time.monotonic()
        # Reading, preparing and measuring a long text take seconds, and other documents' results must not wait. Each
        # call of a thread costs a short text 0.1 ms of the processors that the engine needs.
        readable, job = await asyncio.to_thread(self._read, request, deadline)
        summary = await job.run()
        measured = await asyncio.to_thread(_measured, job, summary, request, readable)
        return SummaryResult(
            summary=summary,
            answer=answer_of(summary, request.profile),
            status=_status(measured.sentences),
            sentences=measured.sentences,
            left_out=readable.left_out,
            missing=measured.missing,
            supported=_supported(measured.sentences),
            strategy=job.strategy,
            chunks=job.chunks,
            prompt_tokens=sum(g.prompt_tokens for g in job.generations),
            completion_tokens=sum(g.completion_tokens for g in job.generations),
            seconds=time.monotonic() - started,
            finish="length" if any(g.finish == "length" for g in job.generations) else "stop",
            signals=measured.signals,
        )

    def first_prompts(self, request: SummaryRequest) -> list[int]:
        """Count the tokens of the prompts about a text that are known before the first answer (`Job.first_prompts`).

        Takes seconds for a long text. Raises as `summarize` does before it generates.
        """
        return self._read(request, None)[1].first_prompts()

    def _read(self, request: SummaryRequest, deadline: float | None) -> tuple[ReadableText, Job]:
        readable = _readable(request.text)
        return readable, self._prepare(replace(request, text=readable.text), deadline)

    def _prepare(self, request: SummaryRequest, deadline: float | None) -> Job:
        """Return the work on a text that can be read."""
        request = replace(request, title=clean_text(request.title or "") or None)
        # Of signs and digits alone a model tells a story of its own.
        has_words = any(map(str.isalpha, request.text))
        return Job.prepare(
            self._engine,
            self._recipe if has_words else replace(self._recipe, strategy="extractive"),
            request,
            deadline=deadline,
            count_instructions=self._count_instructions,
        )


@dataclass(frozen=True)
class _Measured:
    """What a finished summary looks like beside its text."""

    signals: SignalValues
    sentences: list[SummarySentence]
    missing: list[Missing]


def _measured(job: Job, summary: str, request: SummaryRequest, readable: ReadableText) -> _Measured:
    return _Measured(
        signals=measure(free_text(summary, request.profile), readable.text, language=job.language),
        sentences=_in_original(job.describe(summary), readable, OriginalPositions(request.text)),
        missing=job.missing(summary),
    )


def _status(sentences: Sequence[SummarySentence]) -> Status:
    """Return whose sentences these are; JSON, which has none, is the model's."""
    origins = {sentence.origin for sentence in sentences}
    if "text" not in origins:
        return "ok"
    return "repaired" if "model" in origins else "extractive_fallback"


def _supported(sentences: Sequence[SummarySentence]) -> float | None:
    measured = [sentence for sentence in sentences if sentence.support is not None]
    return sum(sentence.stands for sentence in measured) / len(measured) if measured else None


def _readable(original: str) -> ReadableText:
    """Return what of a document is language; raises `BadInput` when nothing is."""
    text = clean_text(original)
    if not text.strip():
        raise BadInput("the text is empty", type="EmptyText")
    readable = read_text(text)
    if readable.left_out and not any(map(str.isalpha, readable.text)):
        kinds = ", ".join(f"{kind}: {amount:,} characters" for kind, amount in readable.left_out.items())
        raise BadInput(f"nothing in the text is language ({kinds})", type="NotLanguage")
    return readable


def _in_original(
    sentences: Sequence[SummarySentence], readable: ReadableText, positions: OriginalPositions
) -> list[SummarySentence]:
    """Return the sentences with evidence in the original; what was left out of a place divides it."""
    return [
        replace(
            item,
            evidence=tuple(positions.span(*span) for place in item.evidence for span in readable.spans(*place)),
        )
        for item in sentences
    ]
