from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from streaming.engine.lanes.batching import BatchingEngine
from streaming.errors import EngineError
from streaming.protocol import Generation, Message, Sampling

END = 0


class CountingContext:
    """Stands for llama.cpp's context: every token is 1, and each decode notes how many slots it served."""

    tokens_per_slot = 4096

    def __init__(self, *, broken: bool = False) -> None:
        self.served: list[int] = []
        self._broken = broken

    def truncate(self, slot: int, length: int) -> bool:
        return True

    def prefill(self, slot: int, tokens: Sequence[int], position: int, *, last: bool) -> None:
        if self._broken:
            raise EngineError("llama.cpp failed to compute.")

    def decode(self, steps: Sequence[tuple[int, int, int]]) -> None:
        self.served.append(len(steps))

    def sample(self, sampler: Any, place: int) -> int:
        return 1

    def close(self) -> None: ...


class NoSampler:
    def close(self) -> None: ...


class NoWeights:
    trained_context = 4096

    def __init__(self, context: CountingContext) -> None:
        self._context = context

    def open_context(self, **_: int) -> CountingContext:
        return self._context

    def render(self, messages: Sequence[Message]) -> list[int]:
        return [1] * 10

    def sampler(self, sampling: Sampling, *, grammar: str | None) -> NoSampler:
        return NoSampler()

    def ends(self, token: int) -> bool:
        return token == END

    def text(self, tokens: Sequence[int]) -> str:
        return "x" * len(tokens)

    def close(self) -> None: ...


def generate(context: CountingContext, requests: int, max_tokens: int) -> list[Generation]:
    engine = BatchingEngine(NoWeights(context), slots=4, lanes=1, context=4096, threads=1)  # type: ignore[arg-type]

    async def ask() -> list[Generation]:
        work = [
            engine.generate([Message("user", "x")], sampling=Sampling(), max_tokens=max_tokens) for _ in range(requests)
        ]
        return list(await asyncio.wait_for(asyncio.gather(*work), timeout=20))

    try:
        return asyncio.run(ask())
    finally:
        engine.close()


@pytest.mark.parametrize("max_tokens", [32, 96, 128, 129, 300])
def test_while_requests_wait_every_slot_is_busy(max_tokens: int) -> None:
    context = CountingContext()
    assert len(generate(context, 41, max_tokens)) == 41
    full = sum(1 for served in context.served if served == 4)
    # 40 requests in four slots, after the head start of the first.
    assert full >= 9 * (max_tokens - 1)


def test_a_prefill_that_fails_leaves_no_caller_waiting() -> None:
    with pytest.raises(EngineError, match="failed to compute"):
        generate(CountingContext(broken=True), 1, 16)
