"""The calls of the model for one text: a prompt for each part, and the generations that came back."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.protocol import Engine, Generation, GenerationRequest, Message, Sampling
from streaming.summarizer.budget import Budget
from streaming.summarizer.recipe import Recipe
from streaming.summarizer.strategies import Part
from streaming.summarizer.trimming import first_paragraph


class ModelCalls:
    """Sends prompts about the parts of one text to the engine. `generations` are all answers so far."""

    def __init__(self, engine: Engine, recipe: Recipe, budget: Budget, *, deadline: float | None) -> None:
        self._engine, self._deadline = engine, deadline
        self._completion = recipe.style == "completion"
        self.budget = budget
        self.generations: list[Generation] = []

    async def generate(
        self, part: Part, text: str, sampling: Sampling, max_tokens: int, *, may_retry: bool, grammar: str | None = None
    ) -> Generation:
        """Ask for a summary of `text`, which is `part` or a half of it.

        `may_retry` says that the same prompt may come again. Raises `DeadlineExceeded` and `EngineError`.
        """
        request = GenerationRequest(
            messages=tuple(self.budget.messages(text, part.stage, number=part.number, of=part.of)),
            sampling=sampling,
            max_tokens=max_tokens,
            deadline=self._deadline,
            grammar=grammar,
            keep=may_retry,
        )
        generation = await self._engine.generate(request)
        if self._completion and grammar is None:
            generation = first_paragraph(generation)
        self.generations.append(generation)
        return generation

    def count(self, messages: Sequence[Message]) -> int:
        """Return the tokens of a prompt."""
        return self._engine.count(messages)
