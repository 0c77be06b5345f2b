"""The budget of a text's prompts: the tokens that they take as they are rendered, and what the context holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, lru_cache

from streaming.protocol import Engine, Message
from streaming.summarizer.prompts import PromptProfile, PromptVariables, Stage
from streaming.summarizer.recipe import Recipe

# Tokens that an answer may take for each token that it should have: an answer is cut after its last whole sentence.
# SmolLM2-135M uses 43 of 96 on average (measurements.md, answer length).
ROOM = 1.5
# Tokens of JSON for each token of its words: names of fields, quotation marks, braces.
_SYNTAX = 3
# JSON about a short text may take so many tokens, whatever a summary of it would take.
_SHORTEST_JSON = 240
_STAGES: tuple[Stage, ...] = ("whole", "part", "joined", "refined")
# Instructions whose counts are cached: four for each profile, language and, where a template has it, title.
_CACHED_COUNTS = 256

# Counts the tokens of a prompt.
CountPrompt = Callable[[tuple[Message, ...]], int]


def cached_count(engine: Engine) -> CountPrompt:
    """Return the engine's `count` with a cache, for instructions that are the same for text after text.

    A count is a call of another process. The cache saves five of the six for a short text (measurements.md, counts).
    """
    return lru_cache(maxsize=_CACHED_COUNTS)(engine.count)


class Budget:
    """The prompts about the parts of a text, and how many tokens they take."""

    def __init__(
        self,
        engine: Engine,
        recipe: Recipe,
        profile: PromptProfile,
        variables: PromptVariables,
        count_instructions: CountPrompt,
    ) -> None:
        """`variables` are those of the text; each prompt adds the number of its part."""
        self._engine, self._recipe, self._profile, self._variables = engine, recipe, profile, variables
        self._completion = recipe.style == "completion"
        self._count_instructions = count_instructions
        # A text is counted twice: to see whether it is one chunk, and to find the length of its summary.
        self.count = lru_cache(maxsize=1)(self._count)

    def messages(self, text: str, stage: Stage, *, number: int, of: int) -> list[Message]:
        """Return the prompt for a summary of part `number` of `of`."""
        variables = self._variables.model_copy(update={"part": number, "parts": of})
        return self._profile.messages(text, stage=stage, variables=variables, completion=self._completion)

    def instruction_text(self, stage: Stage, *, number: int, of: int) -> str:
        """Return the instructions for a part, without the text's title, which a summary may name."""
        variables = self._variables.model_copy(update={"part": number, "parts": of, "title": None})
        return self._profile.messages("", stage=stage, variables=variables)[0].content

    def instruction_tokens(self, stage: Stage) -> int:
        """Return the tokens of a prompt without its text's, for the part whose instructions are the longest."""
        most = self._recipe.max_chunks
        parts = (self.messages("", stage, number=min(number, most), of=most) for number in (1, 2, most))
        return max(self._count_instructions(tuple(part)) for part in parts)

    @property
    def room(self) -> int:
        """Tokens of text that the context holds, beside the longest instructions, the thinking and the answer."""
        longest = max(map(self.instruction_tokens, _STAGES))
        return self._engine.context - longest - self._recipe.thinking_tokens - self.longest_answer

    @property
    def longest_answer(self) -> int:
        """Tokens that one answer has at most: the recipe's, or more for a profile that asks for more."""
        return max(self._recipe.max_tokens, math.ceil(self._profile.least_tokens * ROOM))

    def longest_json(self, text: str, stage: Stage, tokens: int) -> int:
        """Return the tokens that JSON about `text` with `tokens` of words may take: JSON that is cut is no answer."""
        prompt = self.instruction_tokens(stage) + self.count(text) + self._recipe.thinking_tokens
        return min(self._engine.context - prompt, max(self.longest_answer, _SYNTAX * tokens, _SHORTEST_JSON))

    def shortage(self) -> str | None:
        """Return why a chunk does not fit the context; None when it does."""
        recipe, missing = self._recipe, self._recipe.chunk_tokens - self.room
        if self.longest_answer > max(recipe.max_tokens, recipe.chunk_tokens // 2):
            return (
                f"prompt profile '{self._profile.name}' asks for {self._profile.least_tokens} tokens at least, and a "
                f"chunk of {recipe.chunk_tokens} allows {math.floor(recipe.chunk_tokens / 2 / ROOM)}; raise "
                "chunk_tokens, or lower [length] least or lines"
            )
        if missing <= 0:
            return None
        thinking = f", {recipe.thinking_tokens} of thinking" if recipe.thinking_tokens else ""
        # Smaller chunks would be another recipe.
        return (
            f"a chunk of {recipe.chunk_tokens} tokens, the instructions of prompt profile '{self._profile.name}'"
            f"{thinking} and its summary take {self._engine.context + missing}, and the context has "
            f"{self._engine.context}; raise --context as far as the model allows, or lower chunk_tokens"
        )

    @cached_property
    def _overhead(self) -> int:
        return self._count_instructions(tuple(self._longest("", "whole")))

    def _count(self, text: str) -> int:
        """Return the tokens that a text takes in a prompt, without the instructions."""
        return self._engine.count(self._longest(text, "whole")) - self._overhead

    def _longest(self, text: str, stage: Stage) -> list[Message]:
        """Return the messages with the longest part number."""
        return self.messages(text, stage, number=self._recipe.max_chunks, of=self._recipe.max_chunks)
