"""Speculation by prompt lookup (A. Saxena, 2023): how many tokens a look at the text before them would have guessed.

A summary repeats words of its text. So the guess is what followed the last two tokens where they last stood before; the
model then checks all guessed tokens in one step, and those that it would have said itself come for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from statistics import mean

from benchmarks.contract import Document, Opening
from benchmarks.systems.lanes import lanes_recipe, messages
from streaming.engine.lanes.llama import Weights
from streaming.protocol import Sampling

_GRAM = 2
# More tokens than this are seldom guessed right.
GUESSED = 3


def mean_guessed(opening: Opening, documents: Sequence[Document]) -> float:
    """Have the model answer the first prompts of `documents`; return `guessed_right` of the answers, on average."""
    answers = asyncio.run(_answers(opening, documents))
    weights = Weights(opening.model, thinking=False)
    try:
        return mean(
            guessed_right(document.prompts[0], weights.vocabulary.tokenize(answer, trusted=False))
            for document, answer in zip(documents, answers, strict=True)
        )
    finally:
        weights.close()


async def _answers(opening: Opening, documents: Sequence[Document]) -> list[str]:
    engine = lanes_recipe(opening).load()
    try:
        asked = (
            engine.generate(messages(document.chunks[0]), sampling=Sampling(), max_tokens=opening.max_tokens)
            for document in documents
        )
        return [answer.text for answer in await asyncio.gather(*asked)]
    finally:
        engine.close()


def guessed_right(prompt: Sequence[int], completion: Sequence[int]) -> float:
    """Return how many tokens a step gets for nothing, on average, when the guesses for `completion` are checked."""
    said = list(prompt)
    steps = free = place = 0
    while place < len(completion):
        guess = _guess(said)
        right = 0
        # The token after the last right guess comes with the same step.
        while right < len(guess) and place + right < len(completion) - 1 and guess[right] == completion[place + right]:
            right += 1
        said += completion[place : place + right + 1]
        place += right + 1
        free += right
        steps += 1
    return free / max(1, steps)


def _guess(said: Sequence[int]) -> Sequence[int]:
    gram = list(said[-_GRAM:])
    for start in range(len(said) - _GRAM - 1, -1, -1):
        if list(said[start : start + _GRAM]) == gram:
            return said[start + _GRAM : start + _GRAM + GUESSED]
    return []
