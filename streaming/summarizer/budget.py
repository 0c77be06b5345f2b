"""The budget of a text's prompts: the tokens that they take as they are rendered, and what the context holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from streaming.protocol import Engine, Message
from streaming.summarizer.prompts import PromptProfile, PromptVariables, Stage
from streaming.summarizer.recipe import Recipe

# Tokens that an answer may take for each that it should: what goes beyond the last whole sentence is cut. SmolLM2-135M
# uses 43 of 96 in the mean on SQuALITY.
ROOM = 1.5
_STAGES: tuple[Stage, ...] = ("whole", "part", "joined", "refined")
# Instructions whose tokens are remembered: four for each profile, language and, where a template says it, title.
_REMEMBERED = 256

# Counts the tokens of a prompt.
CountPrompt = Callable[[tuple[Message, ...]], int]


def cached_count(engine: Engine) -> CountPrompt:
    """Return what counts instructions for text after text, and asks the engine for each once.

    Each count is a way to another process and back, while that computes: of a short text there were six, which took 35
    ms, 1.1 s of a micro-batch of 32, and one is left.
    """
    return lru_cache(maxsize=_REMEMBERED)(engine.count)


class Budget:
    """What the model is asked about each part of a text, and how many tokens that takes."""

    def __init__(
        self,
        engine: Engine,
        recipe: Recipe,
        profile: PromptProfile,
        variables: PromptVariables,
        count_instructions: CountPrompt,
    ) -> None:
        """`variables` is what the templates may know of the text, but for the part's number."""
        self._engine, self._recipe, self._profile, self._place = engine, recipe, profile, variables
        self._completion = recipe.style == "completion"
        self._count_instructions = count_instructions
        self._overhead = count_instructions(tuple(self._longest("", "whole")))
        # A text is counted to see whether it is one chunk, and then for how long its summary should be.
        self.count = lru_cache(maxsize=1)(self._count)

    def messages(self, text: str, stage: Stage, *, number: int, of: int) -> list[Message]:
        """Return what asks for a summary of part `number` of `of`."""
        variables = self._place.model_copy(update={"part": number, "parts": of})
        return self._profile.messages(text, stage=stage, variables=variables, completion=self._completion)

    def told(self, stage: Stage, *, number: int, of: int) -> str:
        """Return the instructions for a part, without the text's title, which a summary may well name."""
        variables = self._place.model_copy(update={"part": number, "parts": of, "title": None})
        return self._profile.messages("", stage=stage, variables=variables)[0].content

    def instructions(self, stage: Stage) -> int:
        """Return the tokens of a prompt that are not its text's: of a first part, or any other."""
        most = self._recipe.max_chunks
        parts = (self.messages("", stage, number=min(number, most), of=most) for number in (1, 2, most))
        return max(self._count_instructions(tuple(part)) for part in parts)

    @property
    def room(self) -> int:
        """Tokens of text that the context holds, beside the longest instructions, the thinking and the answer."""
        longest = max(map(self.instructions, _STAGES))
        return self._engine.context - longest - self._recipe.thinking_tokens - self.longest_answer

    @property
    def longest_answer(self) -> int:
        """Tokens that one answer has at most: the recipe's, or what a profile needs that says how long at least."""
        return max(self._recipe.max_tokens, math.ceil((self._profile.length.least or 0) * ROOM))

    def lacks(self) -> str | None:
        """Return why a chunk does not fit the context, if it does not."""
        recipe, missing = self._recipe, self._recipe.chunk_tokens - self.room
        if self.longest_answer > max(recipe.max_tokens, recipe.chunk_tokens // 2):
            return (
                f"prompt profile '{self._profile.name}' asks for {self._profile.length.least} tokens at least, and a "
                f"chunk of {recipe.chunk_tokens} allows {math.floor(recipe.chunk_tokens / 2 / ROOM)}; raise "
                "chunk_tokens, or lower [length] least"
            )
        if missing <= 0:
            return None
        thinking = f", {recipe.thinking_tokens} of thinking" if recipe.thinking_tokens else ""
        # Smaller chunks than the recipe says would be another recipe.
        return (
            f"a chunk of {recipe.chunk_tokens} tokens, the instructions of prompt profile '{self._profile.name}'"
            f"{thinking} and its summary take {self._engine.context + missing}, and the context has "
            f"{self._engine.context}; raise --context as far as the model allows, or lower chunk_tokens"
        )

    def _count(self, text: str) -> int:
        """Return the tokens that a text takes in a prompt, without the instructions."""
        return self._engine.count(self._longest(text, "whole")) - self._overhead

    def _longest(self, text: str, stage: Stage) -> list[Message]:
        """Return the messages with as long a part number as there may be."""
        return self.messages(text, stage, number=self._recipe.max_chunks, of=self._recipe.max_chunks)
