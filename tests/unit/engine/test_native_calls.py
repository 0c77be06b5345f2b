"""What an engine reports of its native calls: a crash or a hang must be blamed on the right request."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fake_lanes import SECONDS, Call, FakeMachine, ask, finish, running, until

from streaming.engine.lanes.batching import BatchingEngine
from streaming.errors import EngineError
from streaming.protocol import Generation, GenerationRequest, Message, Sampling


async def ask_and_listen(engine: BatchingEngine, events: list[object]) -> Generation:
    request = GenerationRequest((Message("user", "x"),), Sampling(), max_tokens=3)
    return await engine.generate(request, on_native=events.append)


def test_native_code_is_announced_before_it_works_on_a_request_and_then_released() -> None:
    events: list[object] = []
    with running(FakeMachine(lambda call: events.append(call.kind)), slots=1) as engine:
        finish(ask_and_listen(engine, events))
    # The prompt is rendered first, then the request waits for a slot.
    assert events == [True, False, True, "prefill", "decode", "decode", False]


def test_native_code_that_failed_has_not_released_its_request() -> None:
    events: list[object] = []

    def compute(call: Call) -> None:
        events.append(call.kind)
        raise EngineError("llama.cpp failed to compute.")

    with running(FakeMachine(compute), slots=1) as engine, pytest.raises(EngineError):
        finish(ask_and_listen(engine, events))
    assert events == [True, False, True, "prefill"]


def test_the_status_of_a_native_call_that_hangs_says_for_how_long() -> None:
    entered, go_on = threading.Event(), threading.Event()

    def compute(call: Call) -> None:
        if call.kind == "decode":
            entered.set()
            go_on.wait(SECONDS)

    async def look() -> None:
        work = [asyncio.ensure_future(ask(engine)) for _ in range(5)]
        await asyncio.to_thread(entered.wait, SECONDS)
        first = engine.status()
        assert first.busy >= 1
        assert first.busy + first.waiting == 5
        await until(lambda: engine.status().stalled > first.stalled)
        go_on.set()
        await asyncio.gather(*work)

    with running(FakeMachine(compute), slots=4, lanes=2) as engine:
        assert engine.status().stalled == 0
        finish(look())
        finish(until(lambda: not engine.status().busy))
        assert engine.status().stalled == 0
        assert (engine.status().slots, engine.status().waiting) == (4, 0)
