"""Token limits for a model's size: of a chunk, an answer and a sequence, and how parts become one summary.

Settings come first; values that they leave open follow from the number of parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from streaming.errors import UsageError
from streaming.settings import Settings

if TYPE_CHECKING:
    # The package loads modules that only summaries need.
    from streaming.summarizer import Reduce

# (largest number of parameters, tokens of a chunk) for the classes 1B, 2B and 4B, which have up to 1.24, 2.6 and 4.3
# billion. SmolLM2-135M fails on prompts of 6,000 tokens and is good on chunks of 800 (measured).
_CHUNK_TOKENS = ((1.4e9, 800), (2.7e9, 1500), (5e9, 3000), (math.inf, 6000))
# A model up to this size summarizes its own summaries badly, so the summaries of parts are joined.
_LARGEST_JOINING_MODEL = 2.7e9
# Up to this size a model copies or invents, so that words tell its true sentences from others (the sample model: 0.95
# AUROC). A model of 7B rephrases truthfully, and words say little about it. No size between them was measured.
_LARGEST_INVENTING_MODEL = 2.7e9
# The longest answer as a share of its chunk: a summary should have 8%, and may have half as much again.
_ANSWER_SHARE = 0.12
# What a model up to this size writes serves only to choose sentences of the text, as far as summaries must stand on it;
# two of its sentences do (measurements.md, answer length).
_LARGEST_COPYING_MODEL, _COPIED_ANSWER = 4e8, 48
# The summaries of parts must be clearly shorter than their text.
_LARGEST_ANSWER_SHARE = 0.25
# A larger model writes the summary of a long document in one answer: 600 tokens.
_WHOLE_ANSWER = 600
# Tokens reserved for a profile's instructions and the text of the chat template; the shipped profiles take 30 to 70.
_INSTRUCTIONS = 128
_MIN_CHUNK, _MIN_ANSWER, _MIN_CONTEXT = 64, 16, 2048
# Contexts are multiples of this, so that a small change of a setting needs no new engine.
_STEP = 1024


class SizedModel(Protocol):
    """The facts about a model that limit its tokens: of a `ModelFile`, or of a file that is not here yet."""

    @property
    def name(self) -> str:
        """The name for an error."""

    @property
    def parameters(self) -> int:
        """The number of weights."""

    @property
    def context(self) -> int:
        """The longest sequence in tokens; 0 when it is unknown."""

    @property
    def thinks(self) -> bool:
        """Whether the model can think before it answers."""


@dataclass(frozen=True)
class TokenLimits:
    """Tokens of a sequence (`context`), of a chunk, of the longest answer and of the thinking before it.

    `reduce` is the way in which several answers become one.
    """

    context: int
    chunk_tokens: int
    max_tokens: int
    reduce: Reduce
    thinking_tokens: int


def repairs(settings: Settings, model: SizedModel) -> bool:
    """Tell whether sentences that do not stand on the text are replaced: by default those of a small model."""
    small = model.parameters <= _LARGEST_INVENTING_MODEL
    return settings.faithfulness == "strict" or (settings.faithfulness == "auto" and small)


def token_limits(settings: Settings, model: SizedModel) -> TokenLimits:
    """Return the token limits for a model, whether or not they fit each other."""
    thinking = 0 if settings.completion or not model.thinks else settings.thinking_tokens
    joins = model.parameters <= _LARGEST_JOINING_MODEL
    chunk = settings.chunk_tokens or next(tokens for largest, tokens in _CHUNK_TOKENS if model.parameters <= largest)
    available = min(settings.context or model.context or math.inf, model.context or math.inf)
    if settings.chunk_tokens is None and available < math.inf:
        # The context may be too small for the chunk that the model's size suggests.
        rest, share = available - _INSTRUCTIONS - thinking, _ANSWER_SHARE if joins else _LARGEST_ANSWER_SHARE
        chunk = min(chunk, math.floor(rest - settings.max_tokens if settings.max_tokens else rest / (1 + share)))
    answer = settings.max_tokens or max(_MIN_ANSWER, round(_ANSWER_SHARE * chunk))
    if settings.max_tokens is None and model.parameters <= _LARGEST_COPYING_MODEL and repairs(settings, model):
        answer = min(answer, _COPIED_ANSWER)
    if settings.max_tokens is None and not joins:
        answer = max(answer, min(_WHOLE_ANSWER, math.floor(chunk * _LARGEST_ANSWER_SHARE)))
    needed = chunk + answer + _INSTRUCTIONS + thinking
    context = settings.context or max(_MIN_CONTEXT, math.ceil(needed / _STEP) * _STEP)
    # The context never exceeds the one that the model was trained for.
    return TokenLimits(min(context, model.context or context), chunk, answer, "concat" if joins else "tree", thinking)


def checked_token_limits(settings: Settings, model: SizedModel) -> TokenLimits:
    """Return the token limits; raises `UsageError` when a chunk, its instructions and an answer do not fit."""
    limits = token_limits(settings, model)
    chunk = max(limits.chunk_tokens, _MIN_CHUNK)
    needed = chunk + limits.max_tokens + _INSTRUCTIONS + limits.thinking_tokens
    if needed > limits.context:
        thinking = f", {limits.thinking_tokens} of thinking" if limits.thinking_tokens else ""
        raise UsageError(
            f"A chunk of {chunk} tokens, its instructions{thinking} and a summary of {limits.max_tokens} need a "
            f"context of {needed}, and there are {limits.context} ({model.name} has at most {model.context}); raise "
            "--context or lower chunk_tokens."
        )
    if limits.max_tokens > chunk * _LARGEST_ANSWER_SHARE:
        raise UsageError(
            f"chunk_tokens ({chunk}) must be at least four times max_tokens ({limits.max_tokens}); raise "
            "chunk_tokens or lower max_tokens."
        )
    return limits
