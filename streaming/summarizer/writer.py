"""The steps of a strategy for one text: the model's summary of each part, judged, or an extract in its place."""

from __future__ import annotations

import asyncio
import math
from asyncio import to_thread
from collections.abc import Callable
from functools import cached_property, partial

from streaming.summarizer.budget import ROOM
from streaming.summarizer.cutting import TextCutter
from streaming.summarizer.evidence import Repairer, SourceText
from streaming.summarizer.form import Form, without_mark
from streaming.summarizer.json_writer import JsonWriter
from streaming.summarizer.ladder import run_ladder, samplings
from streaming.summarizer.languages import SummaryLanguages
from streaming.summarizer.model_calls import ModelCalls
from streaming.summarizer.part_writer import PartWriter
from streaming.summarizer.recipe import Recipe
from streaming.summarizer.request import SummaryRequest
from streaming.summarizer.strategies import Part
from streaming.summarizer.words import letters

# Generations of one document that wait at the engine while others of it fill all slots. The rest wait here, so that a
# book does not fill the engine's queue. A slot that ends must find the next request at the engine: slots that end in
# the same step are refilled one after the other, and a prefill takes longer than handing over a request.
_READY_REQUESTS = 2
# After this many parts that ended as extracts, the model evidently cannot summarize the document (a table, a log). All
# tries of a part cost up to eight times the first one, so every further part gets one try.
_MOST_FAILED_PARTS = 3
# What is too short is made again with this much more than what it lacks.
_MORE = 1.1


class Writer:
    """Writes the summaries of a text's parts; implements `strategies.StrategySteps`.

    `taken` maps the sentences that are the text's own to its statements, -1 for a piece of text that is no statement.
    """

    def __init__(
        self,
        recipe: Recipe,
        request: SummaryRequest,
        calls: ModelCalls,
        cutter: TextCutter,
        languages: SummaryLanguages,
        source: SourceText | None,
        form: Form,
        *,
        slots: int,
    ) -> None:
        """`slots` are those of the engine; without a `source` nothing is repaired."""
        self._recipe, self._text, self._profile, self._calls = recipe, request.text, request.profile, calls
        self._cutter, self._languages, self._form = cutter, languages, form
        self._sampling = request.profile.sampling_of(recipe.sampling)
        self._json = JsonWriter(calls, request.profile, self._sampling, request.grammar, ladder=recipe.ladder)
        self._turns = asyncio.Semaphore(slots + _READY_REQUESTS)
        self._failed_parts = 0
        self._repairer = None
        self._source = source
        if source is not None and (recipe.faithfulness == "strict" or recipe.strategy == "extractive"):
            self._repairer = Repairer(source, least=recipe.least_support, form=form)
        self._extracts: dict[str, int] = {}

    @property
    def taken(self) -> dict[str, int]:
        """The sentences of summaries that are the text's own."""
        return self._extracts | (self._repairer.taken if self._repairer is not None else {})

    async def summarize(self, part: Part, tokens: int) -> str:
        """Summarize a part in about `tokens`; the text's own sentences stand in for what the model says badly."""
        if not part.text.strip():
            return ""
        writer = self._part_writer(part)
        if writer.is_whole:
            tokens = max(tokens, self._profile.least_tokens)
        max_tokens = min(self._calls.budget.longest_answer, math.ceil(tokens * ROOM))
        async with self._turns:
            if self._repairer is not None:
                return await self._repaired(self._repairer, part, writer, tokens, max_tokens)
            if self._recipe.ladder and self._failed_parts < _MOST_FAILED_PARTS:
                result = await run_ladder(part.text, writer, sampling=self._sampling, max_tokens=max_tokens)
                for extract in result.extracts:
                    await to_thread(self._remember, extract)
                self._failed_parts += bool(result.extracts)
                return await self._lengthened(result.summary, writer, max_tokens)
            summary = await writer.generate(part.text, self._sampling, max_tokens, may_retry=False)
            if not summary or (self._recipe.ladder and (await to_thread(writer.judge, summary, part.text)).faults):
                return await self.extract(part.text, max_tokens)
            return summary

    async def _lengthened(self, summary: str, writer: PartWriter, max_tokens: int) -> str:
        """Return a summary as long as the profile asks for at least, or the longest good one of a few more tries."""
        least, count, text = self._form.least, self._calls.budget.count, writer.part.text
        if least is None or not writer.is_whole:
            return summary
        longest = await to_thread(count, summary)
        _, *others = samplings(self._sampling)
        for sampling, may_retry in others:
            if longest >= least:
                break
            other = await writer.generate(text, sampling, max_tokens, may_retry=may_retry)
            length = await to_thread(count, other)
            if length > longest and not (await to_thread(writer.judge, other, text)).faults:
                summary, longest = other, length
        return summary

    async def _repaired(self, repairer: Repairer, part: Part, writer: PartWriter, tokens: int, max_tokens: int) -> str:
        answer = await writer.generate(part.text, self._sampling, max_tokens, may_retry=False)
        if answer and (await to_thread(writer.judge_words, answer, part.text)).faults:
            # An answer to an order in the text, or one that loops, says nothing about the text.
            answer = ""
        refined = part.of > 1 and part.stage in ("whole", "refined")
        if refined and part.number < part.of:
            # The next prompt holds this summary, too.
            tokens = min(tokens, self._calls.budget.longest_answer)
        words = await to_thread(self._cutter.words, part.text, tokens)
        repair = partial(repairer.repair, answer, part.text, whole=writer.is_whole)
        summary = await to_thread(self._filled, repair, words) if writer.is_whole else await to_thread(repair, words)
        if refined and part.number == part.of:
            summary = await to_thread(self._whole, tokens)
        elif refined:
            summary = await to_thread(self._cutter.limit, summary, math.ceil(tokens * ROOM))
        if summary or self._source is None:
            return summary
        # An order may be all that a part holds, and a table has no sentence to take.
        usable = await to_thread(self._source.usable, part.text)
        return await self.extract(usable, tokens) if usable else ""

    async def finish(self, part: Part, tokens: int) -> str:
        """Make the summary of the whole text out of its last part: JSON when the profile asks for it.

        Raises `DocumentFailed` when the model has no JSON after the profile's schema.
        """
        if self._profile.output != "json":
            return await self.summarize(part, tokens)
        max_tokens = await to_thread(self._calls.budget.longest_json, part.text, part.stage, tokens)
        async with self._turns:
            return await self._json.write(self._part_writer(part), max_tokens)

    async def split(self, text: str) -> list[str]:
        """Cut a text into parts that fit a prompt."""
        return await to_thread(self._cutter.split, text, limit=self._recipe.chunk_tokens)

    async def count(self, text: str) -> int:
        """Count the tokens of a text."""
        return await to_thread(self._calls.budget.count, text)

    async def shorten(self, text: str, tokens: int) -> str:
        """Make one summary of about `tokens` out of joined ones: their most important sentences, or the document's."""
        return await to_thread(self._shorten, text, tokens)

    async def choose(self, tokens: int) -> str:
        """Return the most important sentences of the whole text, about `tokens` of them, without the model."""
        return await to_thread(self._whole, tokens) or await self.extract(self._text, tokens)

    async def formed(self, summary: str, tokens: int) -> str:
        """Return the finished summary in the form asked for; sentences of the text where it has too few lines."""
        summary = await to_thread(self._form.shaped, summary)
        if self._recipe.ladder and "lines" in self._form.missing(summary, len):
            extract = await self.extract(self._text, tokens)
            return summary if "lines" in self._form.missing(extract, len) else extract
        return summary

    async def extract(self, text: str, tokens: int) -> str:
        """Return the most important sentences of a text, about `tokens` of them."""
        extract = await to_thread(self._cutter.extract, text, tokens)
        await to_thread(self._remember, extract)
        return extract

    def _shorten(self, text: str, tokens: int) -> str:
        return self._whole(tokens) or self._cutter.shorten(text, tokens)

    def _whole(self, tokens: int) -> str:
        """Return sentences chosen from the whole text; "" when nothing is repaired, or nothing can be chosen."""
        if self._repairer is None:
            return ""
        return self._filled(self._repairer.summarize, self._cutter.words(self._text, tokens))

    def _filled(self, compose: Callable[[float], str], words: float) -> str:
        """Return what `compose` makes of so many words, or of more when that is shorter than the profile asks for."""
        summary, length = compose(words), self._profile.length
        count = self._calls.budget.count(summary) if length.least is not None and summary else 0
        if length.least is None or self._form.lines is not None or not 0 < count < length.least:
            return summary
        # Sentences are chosen by words, and what they have of tokens differs.
        return compose(words * min(_MORE * length.least / count, length.most / length.least))

    def _remember(self, extract: str) -> None:
        for sentence in map(without_mark, self._cutter.sentences(extract)):
            # An extract of summaries may hold sentences of the model, and marks of emphasis are no sentence.
            if letters(sentence) in self._letters and sentence.strip("*_"):
                self._extracts[sentence] = -1

    @cached_property
    def _letters(self) -> str:
        return letters(self._text)

    def _part_writer(self, part: Part) -> PartWriter:
        return PartWriter(part, self._calls, self._cutter, self._profile, self._languages, self._form)
