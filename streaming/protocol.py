"""The one protocol between summarizer and engine; neither knows the other.

Messages go in, text comes out. This module holds shapes only: no llama.cpp, no documents, no Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Message:
    """One turn of a chat. `content` is text and stays text: it can never become a control token.

    A last turn of the assistant is the beginning of its answer: the engine continues it and does not repeat it.
    """

    role: Role
    content: str


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    The default repeat penalty lowers repeated 4-grams from 0.36-0.81 to 0.00-0.04 (docs/design/measurements.md,
    Sampling).

    `repeat_penalty` divides the weight of each token among the last `repeat_last_n` generated tokens.
    `frequency_penalty` is subtracted for each time that the token stands there, `presence_penalty` once. `seed` matters
    only when `temperature` is above 0.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    min_p: float = 0.0
    repeat_penalty: float = 1.1
    repeat_last_n: int = 256
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class GenerationRequest:
    """One completion that is asked of an engine: at most `max_tokens` tokens after `messages`.

    What a reasoning model thinks before its answer comes on top of `max_tokens`. `deadline` is a moment of
    `time.monotonic()` in this process, in seconds; None is no limit. `grammar` is GBNF text that the answer follows.
    `keep` announces that the same prompt may come again as soon as the caller has looked at the answer; an engine may
    then keep the computed prompt for a moment.
    """

    messages: tuple[Message, ...]
    sampling: Sampling
    max_tokens: int
    deadline: float | None = None
    grammar: str | None = None
    keep: bool = False


@dataclass(frozen=True)
class Generation:
    """One generated text.

    `finish` is "stop" when the model ended the text itself and "length" when the token limit was reached. `text` leaves
    out the thinking of a reasoning model. Token counts are of this model's tokenizer and include the thinking.
    `seconds` is wall-clock time from admission to the last token and includes waiting.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish: FinishReason
    seconds: float


@dataclass(frozen=True)
class EngineStatus:
    """The state of an engine at one moment.

    `busy` of its `slots` sequences are being generated, and `waiting` requests have no slot yet. Tokens are counted
    since the model was loaded. `stalled` is how many seconds the longest running native call has lasted, 0 when none
    runs.
    """

    slots: int
    busy: int
    waiting: int
    prompt_tokens: int
    completion_tokens: int
    stalled: float


class Engine(Protocol):
    """A loaded model that serves many callers at once."""

    @property
    def context(self) -> int:
        """Tokens one sequence may hold, rendered prompt and completion together."""

    @property
    def slots(self) -> int:
        """Sequences that are generated at once; further requests wait."""

    async def generate(
        self, request: GenerationRequest, *, on_native: Callable[[bool], None] | None = None
    ) -> Generation:
        """Generate one completion.

        An engine in this process calls `on_native`, from any thread, with True right before native code begins to work
        on the request and with False when native code has released the request. Both calls may come several times, and
        also after the caller has gone.

        Raises `DeadlineExceeded`, `PromptTooLong` or `EngineCrashed` (one document's failure: a dead letter),
        `EngineError` (the service's failure: the query stops).
        """

    def count(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt in tokens; safe to call from any thread. Raises as `generate`."""

    def status(self) -> EngineStatus:
        """Return the state of the engine now; safe to call from any thread.

        Raises `EngineError` when the engine has failed for good.
        """

    def close(self) -> None:
        """Stop generating and free the model; idempotent."""


class EngineRecipe(Hashable, Protocol):
    """A description from which an executor loads an engine: small, picklable, equal for equal engines."""

    def load(self, on_progress: Callable[[float], None] | None = None) -> Engine:
        """Load the engine.

        `on_progress` is called, from any thread, with the share of the model that is loaded, from 0 to 1. Raises
        `EngineError` when the engine cannot be loaded.
        """
