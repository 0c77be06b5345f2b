"""An engine without a model: it answers each prompt with what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from streaming.errors import PromptTooLong
from streaming.protocol import EngineStatus, FinishReason, Generation, GenerationRequest, Message, Sampling

Reply = str | BaseException | Callable[[str], str | BaseException]


def tokens(text: str) -> int:
    """Count tokens as a byte-level tokenizer might: about three bytes each."""
    return len(text.encode()) // 3 + 1


class FakeEngine:
    """Implements `streaming.protocol.Engine`; `reply` is a text, an error to raise, or makes one from the user's text.

    Like the real one it refuses a prompt that does not fit its context, and ends at `max_tokens`. `texts` are
    the user's texts, `systems` the instructions, `answer_starts` the beginnings of answers, `grammars` their grammars,
    `keeps` whether a prompt might come again, `most_at_once` how many generations were open side by side.
    """

    def __init__(
        self,
        reply: Reply = "It ends well.",
        *,
        context: int = 2048,
        slots: int = 4,
        finish: FinishReason = "stop",
    ) -> None:
        self._reply, self._context, self._slots, self._finish = reply, context, slots, finish
        self._open = 0
        self.texts: list[str] = []
        self.systems: list[str] = []
        self.answer_starts: list[str] = []
        self.samplings: list[Sampling] = []
        self.deadlines: list[float | None] = []
        self.grammars: list[str | None] = []
        self.keeps: list[bool] = []
        self.most_at_once = 0
        self.cancelled = 0

    @property
    def context(self) -> int:
        return self._context

    @property
    def slots(self) -> int:
        return self._slots

    async def generate(
        self, request: GenerationRequest, *, on_native: Callable[[bool], None] | None = None
    ) -> Generation:
        system, user, *starts = request.messages
        max_tokens, prompt_tokens = request.max_tokens, self.count(request.messages)
        self.texts.append(user.content)
        self.systems.append(system.content)
        self.answer_starts += [message.content for message in starts]
        self.samplings.append(request.sampling)
        self.deadlines.append(request.deadline)
        self.grammars.append(request.grammar)
        self.keeps.append(request.keep)
        if prompt_tokens + max_tokens > self._context:
            raise PromptTooLong(f"{prompt_tokens} tokens and {max_tokens} more do not fit {self._context}")
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        try:
            await asyncio.sleep(0)
            answer = self._reply(user.content) if callable(self._reply) else self._reply
            if isinstance(answer, BaseException):
                raise answer
            # Others are still at work when this one is done.
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self._open -= 1
        cut = answer.encode()[: 3 * (max_tokens - 1)].decode(errors="ignore")
        finish = self._finish if cut == answer else "length"
        return Generation(cut, prompt_tokens, tokens(cut), finish, 0.0)

    def count(self, messages: Sequence[Message]) -> int:
        return 4 * len(messages) + sum(tokens(message.content) for message in messages)

    def status(self) -> EngineStatus:
        return EngineStatus(self._slots, min(self._open, self._slots), max(0, self._open - self._slots), 0, 0, 0.0)

    def close(self) -> None:
        pass


class FakeRecipe:
    """Loads the fake engine it was made with."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def load(self, on_progress: object = None) -> FakeEngine:
        return self.engine
