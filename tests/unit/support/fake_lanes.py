"""llama.cpp without a model: contexts that note what they are asked to compute, and weights whose tokens are words."""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from streaming.engine.lanes.batching import BatchingEngine
from streaming.engine.lanes.thinking import Answer
from streaming.errors import EngineError
from streaming.protocol import Generation, GenerationRequest, Message, Sampling

END, WORD = 0, 1
# No test waits longer for what must happen.
SECONDS = 20
T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One native call: the lane, what it was, the slots it was for, its tokens, and the threads that computed it."""

    lane: int
    kind: str
    slots: tuple[int, ...]
    tokens: int
    threads: int = 0


class FakeContext:
    """A lane's context. Each generation ends after as many tokens as `machine.length` says for its prompt."""

    tokens_per_slot = 1 << 30

    def __init__(self, machine: FakeMachine, lane: int, slots: int, threads: int, ubatch: int) -> None:
        self._machine, self.lane, self.slots, self.threads, self.ubatch = machine, lane, slots, threads, ubatch
        self.cached: dict[int, list[int]] = {slot: [] for slot in range(slots)}
        self._remaining: dict[int, int] = {}
        self._sampled: list[int] = []
        self.closed = False

    def compute_with(self, threads: int) -> None:
        self.threads = threads

    def truncate(self, slot: int, length: int) -> bool:
        del self.cached[slot][length:]
        return True

    def prefill(self, slot: int, tokens: Sequence[int], position: int, *, last: bool) -> None:
        assert position == len(self.cached[slot])
        self.cached[slot].extend(tokens)
        self._machine.compute(Call(self.lane, "prefill", (slot,), len(tokens), self.threads))
        if last:
            self._remaining[slot] = self._machine.length(self.cached[slot])
            self._sampled = [slot]

    def decode(self, steps: Sequence[tuple[int, int, int]]) -> None:
        for slot, token, position in steps:
            assert position == len(self.cached[slot])
            self.cached[slot].append(token)
        self._machine.compute(Call(self.lane, "decode", tuple(slot for slot, _, _ in steps), len(steps), self.threads))
        self._sampled = [slot for slot, _, _ in steps]

    def sample(self, sampler: Any, place: int) -> int:
        # A prefill's logits stand at the place of its last token, the only ones there are.
        slot = self._sampled[place if len(self._sampled) > 1 else 0]
        self._remaining[slot] -= 1
        if self._remaining[slot] < 0 or self._machine.ended.is_set():
            self._machine.note(Call(self.lane, "end", (slot,), 0, self.threads))
            return END
        return WORD

    def close(self) -> None:
        self.closed = True


class FakeSampler:
    def close(self) -> None: ...


class FakeMachine:
    """Stands for `Weights`. `compute` is called in each native call, after it was noted; `ended` ends all texts."""

    trained_context = 1 << 30

    def __init__(
        self, compute: Callable[[Call], object] | None = None, length: Callable[[list[int]], int] | None = None
    ) -> None:
        self._compute = compute
        self._length = length
        self._lock = threading.Lock()
        self.ended = threading.Event()
        self.calls: list[Call] = []
        self.contexts: list[FakeContext] = []
        self.closed = False

    def on_compute(self, compute: Callable[[Call], object]) -> None:
        self._compute = compute

    def note(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def compute(self, call: Call) -> None:
        self.note(call)
        if self._compute is not None:
            self._compute(call)

    def length(self, prompt: list[int]) -> int:
        return 1 << 30 if self._length is None else self._length(prompt)

    def open_context(self, *, slots: int, context: int, threads: int, ubatch: int) -> FakeContext:
        self.contexts.append(FakeContext(self, len(self.contexts), slots, threads, ubatch))
        return self.contexts[-1]

    def render(self, messages: Sequence[Message]) -> list[int]:
        return [token(word) for message in messages for word in f"<{message.role}> {message.content}".split()]

    def sampler(self, sampling: Sampling, *, grammar: str | None) -> FakeSampler:
        if grammar == "nonsense":
            raise EngineError("llama.cpp could not parse the grammar.")
        return FakeSampler()

    def ends(self, token: int) -> bool:
        return token == END

    thinks = False

    def piece(self, token: int, *, special: bool) -> bytes:
        return b"Word. "

    def answer(
        self, prompt: Sequence[int], *, max_tokens: int, thinking_tokens: int, constrained: bool = False
    ) -> Answer:
        return Answer(
            self,  # type: ignore[arg-type]
            tags=None,
            inside=False,
            max_tokens=max_tokens,
            thinking_tokens=thinking_tokens,
            constrained=constrained,
        )

    def close(self) -> None:
        self.closed = True

    def engine(
        self, *, slots: int, lanes: int = 1, free_cores: float = 99.0, thinking_tokens: int = 0
    ) -> BatchingEngine:
        return BatchingEngine(
            self,  # type: ignore[arg-type]
            slots=slots,
            lanes=lanes,
            context=4096,
            threads=lanes,
            ubatch=512,
            thinking_tokens=thinking_tokens,
            free_cores=lambda: free_cores,
        )


def token(word: str) -> int:
    """Return the token of a word."""
    return 2 + zlib.crc32(word.encode()) % 50_000


@contextmanager
def running(machine: FakeMachine, *, slots: int, lanes: int = 1) -> Iterator[BatchingEngine]:
    engine = machine.engine(slots=slots, lanes=lanes)
    try:
        yield engine
    finally:
        engine.close()


def finish(work: Coroutine[Any, Any, T]) -> T:
    async def limited() -> T:
        return await asyncio.wait_for(work, SECONDS)

    return asyncio.run(limited())


async def until(condition: Callable[[], bool]) -> None:
    while True:
        await asyncio.sleep(0)
        if condition():
            return


async def ask(
    engine: BatchingEngine,
    text: str = "x",
    *,
    max_tokens: int = 16,
    deadline: float | None = None,
    grammar: str | None = None,
    keep: bool = False,
) -> Generation:
    messages = (Message("system", "Be brief."), Message("user", text))
    return await engine.generate(
        GenerationRequest(
            messages, sampling=Sampling(), max_tokens=max_tokens, deadline=deadline, grammar=grammar, keep=keep
        )
    )


async def ask_many(engine: BatchingEngine, texts: list[str], *, max_tokens: int = 16) -> list[Generation]:
    return list(await asyncio.gather(*(ask(engine, text, max_tokens=max_tokens) for text in texts)))
