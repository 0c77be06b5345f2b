"""The recipe: everything that decides a summary, apart from the text and the prompt profile."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from streaming.protocol import Sampling
from streaming.summarizer.prompts import PromptProfile

PromptStyle = Literal["chat", "completion"]
Strategy = Literal["auto", "stuff", "map-reduce", "refine", "extractive"]
# What becomes of a sentence that does not stand on the text: it is replaced, marked, or not looked for.
Faithfulness = Literal["strict", "flag", "off"]
# How the summaries of a document's parts become one: joined, or summarized again.
Reduce = Literal["concat", "tree"]


@dataclass(frozen=True)
class Recipe:
    """How texts are summarized. Small, picklable, the same on driver and executors.

    `model_sha256` and `representation` are the model's; `chunk_tokens`, `max_tokens` and `max_chunks` bound the work.
    In `style` "completion" the model continues a text instead of answering a chat. `thinking_tokens` is the limit of
    its reasoning before each answer, 0 for a model that does not reason. Without the `ladder`, every answer with a
    whole sentence is a summary. A sentence of the model stands on the text at the support `least_support`.
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
    faithfulness: Faithfulness = "off"
    least_support: float = 0.85

    def hash(self, profile: PromptProfile) -> str:
        """Return the identity of the recipe with a profile: 16 hexadecimal digits of a SHA-256."""
        decides = {**asdict(self), "prompt": profile.sha256}
        # The number of chunks decides whether there is a summary, not its text.
        del decides["max_chunks"]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
