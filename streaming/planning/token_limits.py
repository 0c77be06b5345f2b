"""What suits a model of some size: how much it reads at once, how much it answers, and how parts become one summary.

The settings come first; what they leave open is by the number of parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streaming.engine import ModelFile
from streaming.errors import UsageError
from streaming.settings import Settings

if TYPE_CHECKING:
    # Its package loads what only summaries need.
    from streaming.summarizer import Reduce

# Models of at most so many parameters read chunks of so many tokens: those that are called 1B, 2B and 4B, which have up
# to 1.24, 2.6 and 4.3 billion. SmolLM2-135M was measured: prompts of 6,000 tokens fail, chunks of 800 are good.
_CHUNKS = ((1.4e9, 800), (2.7e9, 1500), (5e9, 3000), (math.inf, 6000))
# A small model summarizes its own summaries badly; theirs are joined.
_JOINS = 2.7e9
# Of a chunk's tokens, what its summary may take: half as much again as 8%, which a summary should have.
_ANSWER = 0.12
# The summaries of parts must be clearly shorter than their text.
_MOST_ANSWER = 0.25
# A larger model writes the summary of a long document in one answer: 600 tokens.
_WHOLE_ANSWER = 600
# Tokens kept for a profile's instructions and the chat template's own text; the shipped profiles take 30 to 70.
_INSTRUCTIONS = 128
_LEAST_CHUNK, _LEAST_ANSWER, _LEAST_CONTEXT = 64, 16, 2048
# Contexts are made in steps, so that a setting that changes by little is no other engine.
_STEP = 1024


@dataclass(frozen=True)
class TokenLimits:
    """Tokens: of a sequence (`context`), of a chunk, of the longest answer and of the thinking before it.

    `reduce` says what becomes of several answers.
    """

    context: int
    chunk_tokens: int
    max_tokens: int
    reduce: Reduce
    thinking_tokens: int


def token_limits(settings: Settings, model: ModelFile) -> TokenLimits:
    """Return the token limits for a model, whether or not they fit each other."""
    thinking = 0 if settings.completion or not model.thinks else settings.thinking_tokens
    joins = model.parameters <= _JOINS
    chunk = settings.chunk_tokens or next(tokens for most, tokens in _CHUNKS if model.parameters <= most)
    room = min(settings.context or model.context or math.inf, model.context or math.inf)
    if settings.chunk_tokens is None and room < math.inf:
        # A model, or a context, that is too small for what its size suggests.
        left, share = room - _INSTRUCTIONS - thinking, _ANSWER if joins else _MOST_ANSWER
        chunk = min(chunk, math.floor(left - settings.max_tokens if settings.max_tokens else left / (1 + share)))
    answer = settings.max_tokens or max(_LEAST_ANSWER, round(_ANSWER * chunk))
    if settings.max_tokens is None and not joins:
        answer = max(answer, min(_WHOLE_ANSWER, math.floor(chunk * _MOST_ANSWER)))
    needed = chunk + answer + _INSTRUCTIONS + thinking
    context = settings.context or max(_LEAST_CONTEXT, math.ceil(needed / _STEP) * _STEP)
    # A model is never given more than it was trained for.
    return TokenLimits(min(context, model.context or context), chunk, answer, "concat" if joins else "tree", thinking)


def checked_token_limits(settings: Settings, model: ModelFile) -> TokenLimits:
    """Return the token limits; raises `UsageError` when the context is too small for what is set, or for anything."""
    limits = token_limits(settings, model)
    chunk = max(limits.chunk_tokens, _LEAST_CHUNK)
    needed = chunk + limits.max_tokens + _INSTRUCTIONS + limits.thinking_tokens
    if needed > limits.context:
        thinking = f", {limits.thinking_tokens} of thinking" if limits.thinking_tokens else ""
        raise UsageError(
            f"A chunk of {chunk} tokens, its instructions{thinking} and a summary of {limits.max_tokens} need a "
            f"context of {needed}, and there are {limits.context} ({model.name} has at most {model.context}); raise "
            "--context or lower chunk_tokens."
        )
    if limits.max_tokens > chunk * _MOST_ANSWER:
        raise UsageError(
            f"chunk_tokens ({chunk}) must be at least four times max_tokens ({limits.max_tokens}); raise the one or "
            "lower the other."
        )
    return limits
