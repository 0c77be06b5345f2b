"""The summarizer: any text in, a summary that ends in a whole sentence out, with what it cost and how it was made."""

from __future__ import annotations

import asyncio
import re
import time
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

from streaming.errors import BadInput, EngineError
from streaming.protocol import Engine, FinishReason
from streaming.summarizer.budget import Budget, cached_count
from streaming.summarizer.guards import SignalValues, measure
from streaming.summarizer.job import Job
from streaming.summarizer.languages import load_detector
from streaming.summarizer.prompts import PromptProfile, PromptVariables
from streaming.summarizer.recipe import Recipe
from streaming.summarizer.request import SummaryRequest
from streaming.summarizer.structured import free_text

Status = Literal["ok", "extractive_fallback"]
# Control characters other than tab and line end mean nothing in a text, and some break tokenizers.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Characters that nobody sees, or that show people the text in another order than the model reads it: soft hyphens,
# spaces without width, overrides and isolates of direction, tags. Joiners, which scripts and emoji need, stay.
_INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


@dataclass(frozen=True)
class SummaryResult:
    """A summary and how it was made; tokens are of all generations, `seconds` is wall-clock time."""

    summary: str
    status: Status
    strategy: str
    chunks: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    finish: FinishReason
    signals: SignalValues


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
        text = clean_text(request.text)
        if not text.strip():
            raise BadInput("the text is empty", type="EmptyText")
        request = replace(request, text=text, title=clean_text(request.title or "") or None)
        # Preparing and measuring a long text take seconds, and other documents' results must not wait for that.
        job = await asyncio.to_thread(
            Job.prepare,
            self._engine,
            self._recipe,
            request,
            deadline=deadline,
            count_instructions=self._count_instructions,
        )
        summary = await job.run()
        signals = await asyncio.to_thread(measure, free_text(summary, request.profile), text, language=job.language)
        return SummaryResult(
            summary=summary,
            status="extractive_fallback" if job.extracts else "ok",
            strategy=job.strategy,
            chunks=job.chunks,
            prompt_tokens=sum(g.prompt_tokens for g in job.generations),
            completion_tokens=sum(g.completion_tokens for g in job.generations),
            seconds=time.monotonic() - started,
            finish="length" if any(g.finish == "length" for g in job.generations) else "stop",
            signals=signals,
        )


def clean_text(text: str) -> str:
    """Return `text` without invisible characters, with blanks for control characters, and composed (NFC).

    macOS and some PDFs write a letter and its accent as two characters, which are other words to a model.
    """
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _CONTROL.sub(" ", text)))
