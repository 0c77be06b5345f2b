"""The summarizer: any text in, a summary that ends in a whole sentence out, with what it cost and how it was made."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from dataclasses import asdict, dataclass, replace
from typing import Literal

from streaming.errors import BadInput, EngineError
from streaming.protocol import Engine, FinishReason, Generation, Message, Sampling
from streaming.summarizer.chunking import split_chunks
from streaming.summarizer.extract import lead
from streaming.summarizer.guards import Signals, measure
from streaming.summarizer.prompts import PromptProfile
from streaming.summarizer.sentences import DEFAULT_LANGUAGE, prose, whole_sentences
from streaming.summarizer.strategies import map_reduce, stuff

Status = Literal["ok", "extractive_fallback"]
PromptStyle = Literal["chat", "completion"]
# Control characters other than tab and line end mean nothing in a text, and some break tokenizers.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Generations of one document that wait at the engine while others of it fill all slots. The rest wait here, so that a
# book does not queue up before a tweet. A slot that ends a sequence must find the next one there: those that end in the
# same step are replaced one after the other, and a prefill takes longer than handing over the next request.
_AT_HAND = 2
# The extract that stands for a chunk: about as long as the summary that could not be made (96 tokens).
_EXTRACT_WORDS = 60


@dataclass(frozen=True)
class Recipe:
    """Everything, besides the text, that decides a summary. Small, picklable, the same on driver and executors.

    `model_sha256` and `representation` are the model's; `chunk_tokens`, `max_tokens` and `max_chunks` bound the work.
    In `style` "completion" the model goes on with a text instead of answering a chat. `thinking_tokens` is what it may
    take to reason before each answer, 0 for a model that does not.
    """

    model_sha256: str
    representation: str
    sampling: Sampling
    chunk_tokens: int
    max_tokens: int
    max_chunks: int
    style: PromptStyle = "chat"
    thinking_tokens: int = 0

    def hash(self, profile: PromptProfile) -> str:
        """Return the name of this way to make a summary: 16 hexadecimal digits of a SHA-256."""
        # `max_chunks` decides whether there is a summary, not what it says.
        decides = {**asdict(self), "prompt": profile.sha256, "strategy": "auto"}
        del decides["max_chunks"]
        # Both are named only where they decide something, so that a recipe keeps its name from before they were there.
        if self.style == "chat":
            del decides["style"]
        else:
            decides["cue"] = profile.cue
        if not self.thinking_tokens:
            del decides["thinking_tokens"]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Text:
    """What to summarize: the text, its language as ISO 639-1, the profile to use."""

    text: str
    profile: PromptProfile
    language: str | None = None


@dataclass(frozen=True)
class Written:
    """A summary and how it came about; tokens are of all generations, `seconds` is wall-clock time."""

    summary: str
    status: Status
    strategy: str
    chunks: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    finish: FinishReason
    signals: Signals


class Summarizer:
    """Summarizes texts of any length by one recipe on one engine; any number at a time."""

    def __init__(self, engine: Engine, recipe: Recipe) -> None:
        self._engine = engine
        self._recipe = recipe

    async def summarize(self, given: Text, *, deadline: float | None = None) -> Written:
        """Summarize one text; `deadline` is a moment of `time.monotonic()`.

        Raises `BadInput` when there is no text or too much, `DeadlineExceeded`, or `EngineError`.
        """
        started = time.monotonic()
        text = _CONTROL.sub(" ", given.text)
        if not text.strip():
            raise BadInput("the text is empty", type="EmptyText")

        def begin() -> tuple[_Job, list[str]]:
            job = _Job(self._engine, self._recipe, given.profile, given.language or DEFAULT_LANGUAGE, deadline)
            return job, job.split(text)

        # Counting a long text takes seconds, in which its neighbours' results must not wait.
        job, chunks = await asyncio.to_thread(begin)
        if len(chunks) == 1:
            strategy, summary = "stuff", await stuff(text, summarize=job.generate)
        else:
            strategy, summary = "map_reduce", await map_reduce(chunks, summarize=job.generate, split=job.regroup)
        # Words of a long text take seconds, too.
        signals = await asyncio.to_thread(measure, summary, text, language=given.language or DEFAULT_LANGUAGE)
        return Written(
            summary=summary,
            status="extractive_fallback" if job.extracts else "ok",
            strategy=strategy,
            chunks=len(chunks),
            prompt_tokens=sum(g.prompt_tokens for g in job.generations),
            completion_tokens=sum(g.completion_tokens for g in job.generations),
            seconds=time.monotonic() - started,
            finish="length" if any(g.finish == "length" for g in job.generations) else "stop",
            signals=signals,
        )


class _Job:
    """One text's work: its bounds, and the generations it has had."""

    def __init__(
        self, engine: Engine, recipe: Recipe, profile: PromptProfile, language: str, deadline: float | None
    ) -> None:
        self._engine, self._recipe, self._profile = engine, recipe, profile
        self._language, self._deadline = language, deadline
        self._turns = asyncio.Semaphore(engine.slots + _AT_HAND)
        self._completion = recipe.style == "completion"
        self._overhead = engine.count(self._messages(""))
        needed = self._overhead + recipe.chunk_tokens + recipe.thinking_tokens + recipe.max_tokens
        if needed > engine.context:
            # Smaller chunks than the recipe says would be another recipe.
            raise EngineError(
                f"A chunk of {recipe.chunk_tokens} tokens, its instructions{_thinking(recipe)} and its summary take "
                f"{needed}, and the context has {engine.context}; raise --context as far as the model allows, or lower "
                "chunk_tokens."
            )
        self.generations: list[Generation] = []
        self.extracts = 0

    def split(self, text: str) -> list[str]:
        """Cut a document into parts that fit a prompt."""
        return self._split(text, self._recipe.max_chunks)

    def regroup(self, summaries: str) -> list[str]:
        """Cut the summaries of a level into parts that fit a prompt; there are fewer than there were chunks."""
        return self._split(summaries, None)

    async def generate(self, text: str) -> str:
        """Summarize a text that fits a prompt; when the model gives no whole sentence, return an extract."""
        if not text.strip():
            return ""
        async with self._turns:
            generation = await self._engine.generate(
                self._messages(text),
                sampling=self._recipe.sampling,
                max_tokens=self._recipe.max_tokens,
                deadline=self._deadline,
            )
        if self._completion:
            generation = _first_paragraph(generation)
        self.generations.append(generation)
        said = prose(generation.text)
        summary = whole_sentences(said, finished=generation.finish == "stop", language=self._language)
        if not summary:
            self.extracts += 1
            return lead(text, words=_EXTRACT_WORDS, language=self._language)
        return summary

    def _split(self, text: str, max_chunks: int | None) -> list[str]:
        limit = self._recipe.chunk_tokens
        return split_chunks(text, count=self._count, limit=limit, max_chunks=max_chunks, language=self._language)

    def _count(self, text: str) -> int:
        return self._engine.count(self._messages(text)) - self._overhead

    def _messages(self, text: str) -> list[Message]:
        return self._profile.messages(text, completion=self._completion)


def _thinking(recipe: Recipe) -> str:
    return f", {recipe.thinking_tokens} of thinking" if recipe.thinking_tokens else ""


def _first_paragraph(generation: Generation) -> Generation:
    """Cut what a model in completion style said after its first paragraph: there it begins another text."""
    first, *more = re.split(r"\n\s*\n", generation.text.strip(), maxsplit=1)
    return replace(generation, text=first, finish="stop" if more else generation.finish)
