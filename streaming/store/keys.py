"""The keys of the store: hashes of explicit lists of values, in an order that a version fixes.

A parameter that decides a result and is not in its key is the fault that such caches have had. So a test walks all
settings: each changes a key, or stands on its list of settings that cannot change a result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

from streaming.protocol import GenerationRequest, Sampling
from streaming.summarizer.recipe import Recipe
from streaming.summarizer.request import SummaryRequest

# Raise it when the lists below change, and no entry of before is found any more.
_VERSION = 1


@dataclass(frozen=True)
class ModelIdentity:
    """What computes tokens: the model file, the representation of its weights, and the version of llama.cpp.

    `context` are the tokens that a sequence holds, `thinking_tokens` those that a model may think before its answer,
    `style` how it is asked (`summarizer.recipe`).
    """

    sha256: str
    representation: str
    llama_cpp: str
    style: str
    thinking_tokens: int
    context: int


def generation_key(model: ModelIdentity, request: GenerationRequest) -> str:
    """Return the key of one answer; the deadline and who waits for it decide nothing."""
    return _hash(
        "generation",
        _fields(model),
        [[message.role, message.content] for message in request.messages],
        _fields(request.sampling),
        request.max_tokens,
        request.grammar,
    )


def summary_key(model: ModelIdentity, code: str, recipe: Recipe, request: SummaryRequest) -> str:
    """Return the key of a summary; `code` is the hash of the code that makes one (`summarizer_code`)."""
    return _hash(
        "summary",
        code,
        _fields(model),
        _fields(recipe),
        request.profile.sha256,
        request.grammar,
        [request.text, request.title, request.language],
    )


@cache
def _fields(values: ModelIdentity | Recipe | Sampling) -> dict[str, object]:
    """Return the fields of values that a query's documents share; to copy them took half of a key's time."""
    return asdict(values)


def _hash(kind: str, *values: object) -> str:
    listed: Sequence[object] = [_VERSION, kind, *values]
    # Half a character (a lone surrogate) cannot be UTF-8, and a text may hold one.
    text = json.dumps(listed, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
