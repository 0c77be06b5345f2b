"""One text's work: how it is cut, which strategy it gets, and what was generated for it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from streaming.errors import BadInput, PromptTooLong
from streaming.protocol import Engine, Generation
from streaming.summarizer.budget import ROOM, Budget, CountPrompt
from streaming.summarizer.cleaning import clean_text
from streaming.summarizer.cutting import TextCutter
from streaming.summarizer.evidence import SourceText, SummarySentence, describe
from streaming.summarizer.form import Form, Missing
from streaming.summarizer.guards import is_of_another_language
from streaming.summarizer.languages import SummaryLanguages, summary_languages
from streaming.summarizer.model_calls import ModelCalls
from streaming.summarizer.prompts import PromptProfile, PromptVariables, Stage
from streaming.summarizer.recipe import Recipe, Strategy
from streaming.summarizer.request import SummaryRequest
from streaming.summarizer.strategies import map_reduce, refine, stuff, tree
from streaming.summarizer.writer import Writer

# Tokens of a blank line, at most.
_BLANK_LINE = 2
# No token is longer than this, in characters, apart from blanks.
_LONGEST_TOKEN = 16


class Job:
    """The work on one text; `Job.prepare` makes it."""

    def __init__(
        self,
        recipe: Recipe,
        request: SummaryRequest,
        chunks: Sequence[str],
        *,
        tokens: int,
        languages: SummaryLanguages,
        source: SourceText | None,
        calls: ModelCalls,
        writer: Writer,
        form: Form,
    ) -> None:
        """`chunks` are the parts in which the text is read, `tokens` the length of its summary.

        `source` is what the summary can be compared with, None when it cannot be compared.
        """
        self._recipe, self._text, self._profile = recipe, request.text, request.profile
        self._chunks, self._tokens, self._calls, self._writer = chunks, tokens, calls, writer
        self._languages, self._source, self._form = languages, source, form

    @classmethod
    def prepare(
        cls,
        engine: Engine,
        recipe: Recipe,
        request: SummaryRequest,
        *,
        deadline: float | None,
        count_instructions: CountPrompt,
    ) -> Job:
        """Detect the language of a text, count it and cut it. Takes seconds for a long text: call it in a thread.

        Raises `BadInput` for a text of too many parts and `PromptTooLong` for a profile that the context does not hold.
        """
        profile = request.profile
        languages = summary_languages(request.text, declared=request.language, requested=profile.language)
        budget = _budget(engine, recipe, request, languages, count_instructions)
        form = Form.of(profile, languages.text)
        cutter = TextCutter(budget.count, form)
        chunks = _chunks(request.text, recipe, _fixed_strategy(recipe, profile), budget, cutter)
        calls = ModelCalls(engine, recipe, budget, deadline=deadline)
        source = _source(request, recipe, languages, chunks)
        return cls(
            recipe,
            request,
            chunks,
            tokens=profile.length.of(sum(map(budget.count, chunks))),
            languages=languages,
            source=source,
            calls=calls,
            writer=Writer(recipe, request, calls, cutter, languages, source, form, slots=engine.slots),
            form=form,
        )

    @property
    def language(self) -> str:
        """The language of the text."""
        return self._languages.text

    @property
    def chunks(self) -> int:
        """Parts in which the text is read."""
        return len(self._chunks)

    @property
    def strategy(self) -> Strategy:
        """The strategy that this text gets."""
        by_length: Strategy = "stuff" if len(self._chunks) == 1 else "map-reduce"
        return _fixed_strategy(self._recipe, self._profile) or by_length

    @property
    def generations(self) -> Sequence[Generation]:
        """The model's answers so far."""
        return self._calls.generations

    def first_prompts(self) -> list[int]:
        """Count the tokens of the prompts that are known before the first answer, of one try each; takes seconds.

        With `refine` all but the first are too short by the summary so far. A last prompt about the summaries of the
        parts, which `tree` has, is not among them.
        """
        budget, parts = self._calls.budget, len(self._chunks)
        stages: list[Stage]
        match self.strategy:
            case "extractive":
                return []
            case "refine":
                refined: Stage = "refined"
                stages = ["whole", *[refined] * (parts - 1)]
            case "map-reduce":
                stages = ["part"] * parts
            case _:
                stages = ["whole"]
        return [
            self._calls.count(budget.messages(chunk, stage, number=number, of=parts))
            for number, (chunk, stage) in enumerate(zip(self._chunks, stages, strict=True), 1)
        ]

    def describe(self, summary: str) -> list[SummarySentence]:
        """Return the sentences of the finished summary, none for JSON; takes a second for a long text."""
        if self._profile.output == "json":
            return []
        return describe(
            summary,
            self._source,
            self._writer.taken,
            answers=[clean_text(generation.text) for generation in self._calls.generations],
            language=self.language,
            least=self._recipe.least_support,
        )

    def missing(self, summary: str) -> list[Missing]:
        """Return what the profile asks for and the finished summary lacks; counts its tokens."""
        if self._profile.output == "json":
            return []
        missing = self._form.missing(summary, self._calls.budget.count)
        required, translated = self._languages.required, self._languages.translated
        if required and is_of_another_language(summary, self._text, required, translated=translated):
            missing.append("language")
        if self._recipe.faithfulness == "strict" and self._source is None and not self._is_extract(summary):
            missing.append("evidence")
        return missing

    def _is_extract(self, summary: str) -> bool:
        return all(sentence.origin == "text" for sentence in self.describe(summary))

    async def run(self) -> str:
        """Return the summary; raises `DeadlineExceeded`, `DocumentFailed` and `EngineError`."""
        summary = await self._summarize()
        return summary if self._profile.output == "json" else await self._writer.formed(summary, self._tokens)

    async def _summarize(self) -> str:
        match self.strategy:
            case "extractive":
                return await self._writer.choose(self._tokens)
            case "stuff":
                return await stuff(self._text, self._writer, tokens=self._tokens)
            case "refine":
                return await refine(self._chunks, self._writer, tokens=self._tokens)
        again = self._recipe.reduce == "tree" or self._profile.reduce is not None or self._profile.output == "json"
        reduce = tree if again else map_reduce
        part_tokens = self._profile.length.of(self._recipe.chunk_tokens)
        return await reduce(self._chunks, self._writer, tokens=self._tokens, part_tokens=part_tokens)


def _source(
    request: SummaryRequest, recipe: Recipe, languages: SummaryLanguages, chunks: Sequence[str]
) -> SourceText | None:
    """Return what a summary can be compared with: nothing for JSON, a translation, or words that look the same."""
    if recipe.faithfulness == "off" or request.profile.output == "json" or languages.translated:
        return None
    source = SourceText(request.text, languages.text, request.title or "", chunks)
    return source if source.comparable else None


def _fixed_strategy(recipe: Recipe, profile: PromptProfile) -> Strategy | None:
    """Return the strategy that the recipe names; None when the length of the text decides."""
    # JSON is one last answer, which neither sentences of the text nor one answer after the other make.
    by_length = ("auto", "refine", "extractive") if profile.output == "json" else ("auto",)
    return None if recipe.strategy in by_length else recipe.strategy


def _budget(
    engine: Engine,
    recipe: Recipe,
    request: SummaryRequest,
    languages: SummaryLanguages,
    count_instructions: CountPrompt,
) -> Budget:
    """Return the budget of a text's prompts; raises `PromptTooLong` when the context holds no chunk."""
    variables = PromptVariables(title=request.title, language=languages.name, translated=languages.translated)
    budget = Budget(engine, recipe, request.profile, variables, count_instructions)
    shortage = budget.shortage()
    if shortage and request.title:
        # The title may be too long.
        untitled = variables.model_copy(update={"title": None})
        budget = Budget(engine, recipe, request.profile, untitled, count_instructions)
        shortage = budget.shortage()
    if shortage:
        raise PromptTooLong(shortage)
    return budget


def _chunks(text: str, recipe: Recipe, strategy: Strategy | None, budget: Budget, cutter: TextCutter) -> list[str]:
    """Cut a text into the parts in which it is read; raises `BadInput` when there are too many."""
    if strategy == "stuff":
        # As much as the context holds, whatever suits the model. Counting a whole book would take long.
        room = budget.room
        if len(text) > room * _LONGEST_TOKEN or budget.count(text) > room:
            raise BadInput(
                f"the text has more than the {room:,} tokens that one prompt holds, and the strategy is 'stuff'; "
                "take another --strategy, or raise --context",
                type="DocumentTooLong",
            )
        return [text]
    limit = recipe.chunk_tokens
    if strategy == "refine":
        # The summary so far, which may be an extract, and a blank line stand before each chunk.
        limit -= math.ceil(budget.longest_answer * ROOM) + _BLANK_LINE
    # An extract asks the model for nothing, so its parts cost little: they only tell how long the text is.
    return cutter.split(text, limit=limit, max_chunks=None if strategy == "extractive" else recipe.max_chunks)
