"""One text's work: how it is cut, what the model is asked for each part, what its answers were, and what they cost."""

from __future__ import annotations

import asyncio
import json
import math
from asyncio import to_thread
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from streaming.errors import BadInput, DocumentFailed, PromptTooLong
from streaming.protocol import Engine, Generation, GenerationRequest, Sampling
from streaming.summarizer.budget import ROOM, Budget, CountPrompt
from streaming.summarizer.chunking import split_chunks
from streaming.summarizer.extract import extract_lines, extract_sentences, lead_sentences
from streaming.summarizer.guards import Verdict, judge, separate_orders, without_repeats
from streaming.summarizer.ladder import Rungs, climb, samplings
from streaming.summarizer.languages import base, detect_language, english_name, same_or_similar
from streaming.summarizer.prompts import PromptProfile, PromptVariables
from streaming.summarizer.recipe import Recipe, Strategy
from streaming.summarizer.sentences import DEFAULT_LANGUAGE, length, split_sentences, word_count
from streaming.summarizer.strategies import Part, map_reduce, refine, stuff, tree
from streaming.summarizer.structured import choices, parse, spoken
from streaming.summarizer.trimming import finished, first_paragraph

# Generations of one document that wait at the engine while others of it fill all slots. The rest wait here, so that a
# book does not queue up before a tweet. A slot that ends a sequence must find the next one there: those that end in the
# same step are replaced one after the other, and a prefill takes longer than handing over the next request.
_AT_HAND = 2
# How much longer than asked for a joined summary may be before sentences of it are left out.
_NEAR = 1.25
# Parts of a document that end as extracts before it is clear that this model cannot summarize it (a table, a log): all
# tries of a part cost up to eight times the first one, and the others get that one alone.
_PATIENCE = 3
# Tokens of a blank line, at most.
_BLANK_LINE = 2
# Tokens of JSON for each of its words': names of fields, quotation marks, braces.
_SYNTAX = 3
# Words of JSON that are too few to hold them against the text: a choice among given ones, an amount.
_FEW_WORDS = 8


@dataclass(frozen=True)
class SummaryRequest:
    """What to summarize: the text, the profile to use, its language as ISO 639-1, its title.

    `grammar` is the profile's JSON Schema as GBNF, when it has one.
    """

    text: str
    profile: PromptProfile
    language: str | None = None
    title: str | None = None
    grammar: str | None = None


class Job:
    """The work on one text. Making it counts and cuts the text, which takes seconds for a long one.

    Raises `BadInput` for a text of too many parts and `PromptTooLong` for a profile that the context does not hold.
    """

    def __init__(
        self,
        engine: Engine,
        recipe: Recipe,
        given: SummaryRequest,
        deadline: float | None,
        count_instructions: CountPrompt,
    ) -> None:
        self._engine, self._recipe, self._profile = engine, recipe, given.profile
        self._text, self._grammar, self._deadline = given.text, given.grammar, deadline
        found = detect_language(given.text)
        self.language = given.language or found or DEFAULT_LANGUAGE
        wanted = given.profile.language or given.language or found
        name = wanted and english_name(wanted)
        variables = PromptVariables(
            title=given.title, language=name, translated=base(wanted or self.language) != base(self.language)
        )
        # What the model is told it is held to, unless the document says one thing of its language and is in another.
        agreed = given.profile.language or given.language is None or (found and same_or_similar(found, given.language))
        self._answered_in = wanted if name and agreed else None
        self._turns = asyncio.Semaphore(engine.slots + _AT_HAND)
        self._json = given.profile.output == "json"
        # JSON is one last answer: neither sentences of the text nor one answer after the other make it.
        passing = ("auto", "refine", "extractive") if self._json else ("auto",)
        self._named = None if recipe.strategy in passing else recipe.strategy
        self._sampling = given.profile.sampling_of(recipe.sampling)
        self._budget = Budget(engine, recipe, given.profile, variables, count_instructions)
        lacks = self._budget.lacks()
        if lacks and given.title:
            # It may be the title that is too long.
            untitled = variables.model_copy(update={"title": None})
            self._budget = Budget(engine, recipe, given.profile, untitled, count_instructions)
            lacks = self._budget.lacks()
        if lacks:
            raise PromptTooLong(lacks)
        # What the schema lets the model choose from stands in no text.
        self._choices = choices(given.profile.schema_ or {})
        self.generations: list[Generation] = []
        self.extracts = self._given_up = 0
        self._chunks = self._cut()
        self._tokens = given.profile.length.of(sum(map(self._budget.count, self._chunks)))

    @property
    def chunks(self) -> int:
        """Parts in which the text is read."""
        return len(self._chunks)

    @property
    def strategy(self) -> Strategy:
        """The strategy that this text gets."""
        return self._named or ("stuff" if len(self._chunks) == 1 else "map-reduce")

    async def run(self) -> str:
        """Return the summary; raises `DeadlineExceeded` and `EngineError`."""
        tokens = self._tokens
        last = self._answer if self._json else self._summarize
        match self.strategy:
            case "extractive":
                return await to_thread(self._extract, self._text, tokens)
            case "stuff":
                return await stuff(self._text, tokens=tokens, summarize=last)
            case "refine":
                return await refine(self._chunks, tokens=tokens, summarize=self._summarize)
        each = self._profile.length.of(self._recipe.chunk_tokens)
        if self._recipe.reduce == "tree" or self._profile.reduce is not None or self._json:
            return await tree(
                self._chunks,
                tokens=tokens,
                each=each,
                summarize=self._summarize,
                last=last,
                split=lambda text: to_thread(self._split, text, limit=self._recipe.chunk_tokens),
                count=lambda text: to_thread(self._budget.count, text),
                keep=self._kept,
            )
        return await map_reduce(self._chunks, tokens=tokens, each=each, summarize=self._summarize, keep=self._kept)

    async def _summarize(self, part: Part, tokens: int) -> str:
        """Summarize a part in about `tokens`; what the model cannot summarize well is an extract."""
        if not part.text.strip():
            return ""
        most = min(self._budget.longest_answer, math.ceil(tokens * ROOM))
        judge = partial(self._judge, part)
        async with self._turns:
            if self._recipe.ladder and self._given_up < _PATIENCE:
                rungs = Rungs(partial(self._once, part), judge, self._halve, self._extract, self._join)
                climbed = await climb(part.text, rungs, sampling=self._sampling, max_tokens=most)
                self.extracts += climbed.extracts
                self._given_up += climbed.extracts > 0
                return climbed.summary
            summary = await self._once(part, part.text, self._sampling, most, again=False)
            if not summary or (self._recipe.ladder and (await to_thread(judge, summary, part.text)).faults):
                self.extracts += 1
                return await to_thread(self._extract, part.text, most)
            return summary

    async def _once(self, part: Part, text: str, sampling: Sampling, max_tokens: int, again: bool) -> str:
        """Return what the model says of a text, which is `part` or half of it; "" when it is nothing whole."""
        generation = await self._generate(part, text, sampling, max_tokens, again=again)
        return finished(generation, lines=self._profile.keep_lines, language=self.language)

    async def _answer(self, part: Part, tokens: int) -> str:
        """Answer with JSON after the profile's schema; raises `DocumentFailed` when the model cannot."""
        schema, wrong = self._profile.schema_ or {}, ""
        most = await to_thread(self._longest_answer, part, tokens)
        async with self._turns:
            for sampling, again in samplings(self._sampling) if self._recipe.ladder else [(self._sampling, False)]:
                generation = await self._generate(part, part.text, sampling, most, self._grammar, again=again)
                value = parse(generation.text, schema)
                if value is None:
                    cut = f" within {most} tokens (raise max_tokens)" if generation.finish == "length" else ""
                    wrong = f"no JSON after the profile's schema{cut}"
                elif faults := await to_thread(self._wrong_words, part, spoken(value, besides=self._choices)):
                    wrong = f"JSON whose words are bad: {', '.join(faults)}"
                else:
                    return json.dumps(value, ensure_ascii=False)
        raise DocumentFailed(f"the model's answer was {wrong}", type="BadAnswer")

    def _longest_answer(self, part: Part, tokens: int) -> int:
        """Return the tokens that JSON of about `tokens` of words may take: one that is cut is no answer."""
        taken = self._budget.instructions(part.stage) + self._budget.count(part.text) + self._recipe.thinking_tokens
        return min(self._engine.context - taken, max(self._budget.longest_answer, _SYNTAX * tokens))

    def _wrong_words(self, part: Part, said: str) -> Sequence[str]:
        if not self._recipe.ladder or word_count(said) < _FEW_WORDS:
            return ()
        # Fields may well take more words than a short text.
        return [fault for fault in self._judge(part, said, part.text).faults if fault != "longer than its text"]

    async def _generate(
        self, part: Part, text: str, sampling: Sampling, max_tokens: int, grammar: str | None = None, *, again: bool
    ) -> Generation:
        request = GenerationRequest(
            tuple(self._budget.messages(text, part.stage, number=part.number, of=part.of)),
            sampling=sampling,
            max_tokens=max_tokens,
            deadline=self._deadline,
            grammar=grammar,
            keep=again,
        )
        generation = await self._engine.generate(request)
        if self._recipe.style == "completion" and grammar is None:
            generation = first_paragraph(generation)
        self.generations.append(generation)
        return generation

    def _judge(self, part: Part, summary: str, text: str) -> Verdict:
        return judge(
            summary,
            text,
            language=self.language,
            instructions=self._budget.told(part.stage, number=part.number, of=part.of),
            lines=self._json or self._profile.keep_lines,
            answered_in=self._answered_in,
        )

    def _extract(self, text: str, tokens: int) -> str:
        text = separate_orders(text, language=self.language).rest
        words = tokens * length(text) / max(1, self._budget.count(text))
        found = extract_sentences(text, words=words, language=self.language)
        if not found or found.endswith("…"):
            # A whole sentence that is a little too long is better than a part of one.
            found = extract_sentences(text, words=words * ROOM, language=self.language) or lead_sentences(
                text, words=words
            )
        return self._bounded(found or text.strip(), math.ceil(tokens * ROOM))

    def _join(self, summaries: list[str]) -> str:
        return self._said_once(("\n" if self._profile.keep_lines else " ").join(summaries))

    def _said_once(self, joined: str) -> str:
        """Return summaries, each of which was looked at alone, without what another one has said before."""
        return "".join(without_repeats(self._pieces(joined))).rstrip()

    def _pieces(self, summary: str) -> list[str]:
        lines = self._profile.keep_lines
        return summary.splitlines(keepends=True) if lines else list(split_sentences(summary, self.language))

    async def _kept(self, joined: str, tokens: int) -> str:
        return await to_thread(self._keep, joined, tokens)

    def _keep(self, joined: str, tokens: int) -> str:
        joined = self._said_once(joined)
        counted = self._budget.count(joined)
        if counted <= tokens * _NEAR:
            return joined
        words = tokens * length(joined) / counted
        rank = extract_lines if self._profile.keep_lines else extract_sentences
        return self._bounded(rank(joined, words=words, language=self.language) or joined, math.ceil(tokens * _NEAR))

    def _bounded(self, text: str, tokens: int) -> str:
        """Return `text`, or its beginning where words, by which it was chosen, have more tokens than they should."""
        count = self._budget.count
        if count(text) <= tokens:
            return text
        sentences = self._pieces(text)
        fitting = bisect_right(range(1, len(sentences) + 1), tokens, key=lambda some: count("".join(sentences[:some])))
        return "".join(sentences[:fitting]).rstrip() or self._split(text, limit=tokens)[0].rstrip()

    def _halve(self, text: str) -> list[str]:
        return [half for half in self._split(text, limit=max(1, self._budget.count(text)), fewest=2) if half.strip()]

    def _cut(self) -> list[str]:
        recipe = self._recipe
        if self._named == "stuff":
            # As much as the context holds, whatever suits the model.
            room = self._budget.room
            # No token is longer than 16 characters, but for blanks; counting a whole book would take long.
            if len(self._text) > room * 16 or self._budget.count(self._text) > room:
                raise BadInput(
                    f"the text has more than the {room:,} tokens that one prompt holds, and the strategy is 'stuff'",
                    type="DocumentTooLong",
                )
            return [self._text]
        limit = recipe.chunk_tokens
        if self._named == "refine":
            # A summary so far stands before each chunk, which may be an extract, and a blank line between them.
            limit -= math.ceil(self._budget.longest_answer * ROOM) + _BLANK_LINE
        return self._split(self._text, limit=limit, max_chunks=recipe.max_chunks)

    def _split(self, text: str, *, limit: int, max_chunks: int | None = None, fewest: int = 1) -> list[str]:
        return split_chunks(
            text, count=self._budget.count, limit=limit, max_chunks=max_chunks, language=self.language, fewest=fewest
        )
