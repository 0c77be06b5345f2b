"""The recipe: everything, besides the text and the prompt profile, that decides a summary."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from streaming.protocol import Sampling
from streaming.summarizer.prompts import PromptProfile

PromptStyle = Literal["chat", "completion"]
Strategy = Literal["auto", "stuff", "map-reduce", "refine", "extractive"]
# How the summaries of a document's parts become one: joined, or summarized again.
Reduce = Literal["concat", "tree"]


@dataclass(frozen=True)
class Recipe:
    """How texts are summarized. Small, picklable, the same on driver and executors.

    `model_sha256` and `representation` are the model's; `chunk_tokens`, `max_tokens` and `max_chunks` bound the work.
    In `style` "completion" the model goes on with a text instead of answering a chat. `thinking_tokens` is what it may
    take to reason before each answer, 0 for a model that does not. Without the `ladder`, whatever holds a whole
    sentence is a summary.
    """

    model_sha256: str
    representation: str
    sampling: Sampling
    chunk_tokens: int
    max_tokens: int
    max_chunks: int
    style: PromptStyle = "chat"
    thinking_tokens: int = 0
    strategy: Strategy = "auto"
    reduce: Reduce = "concat"
    ladder: bool = True

    def hash(self, profile: PromptProfile) -> str:
        """Return the name of this way to make a summary: 16 hexadecimal digits of a SHA-256."""
        decides = {**asdict(self), "prompt": profile.sha256}
        # It decides whether there is a summary, not what it says.
        del decides["max_chunks"]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
