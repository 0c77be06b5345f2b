from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fake_lanes import SECONDS, Call, FakeContext, FakeMachine, ask, ask_many, finish, running, token, until

from streaming.engine import lanes_for
from streaming.errors import DeadlineExceeded, EngineError, PromptTooLong


@pytest.fixture
def in_turn() -> Iterator[Callable[[], None]]:
    """Return what a native call waits for, so that none of two lanes computes on and on while the other waits."""
    with ThreadPoolExecutor(1) as turns:
        yield lambda: turns.submit(lambda: None).result(SECONDS)


@pytest.mark.parametrize("max_tokens", [32, 96, 128, 129, 300])
def test_while_requests_wait_every_slot_is_busy(max_tokens: int) -> None:
    machine = FakeMachine()
    with running(machine, slots=4) as engine:
        assert len(finish(ask_many(engine, ["x"] * 41, max_tokens=max_tokens))) == 41
    full = sum(len(call.slots) == 4 for call in machine.calls if call.kind == "decode")
    # 40 requests in four slots, after the head start of the first.
    assert full >= 9 * (max_tokens - 1)


def test_while_requests_wait_every_slot_of_every_lane_is_busy(in_turn: Callable[[], None]) -> None:
    steps: dict[int, list[tuple[int, int]]] = {0: [], 1: []}

    def compute(call: Call) -> None:
        in_turn()
        if call.kind == "decode":
            steps[call.lane].append((len(call.slots), engine.status().waiting))

    machine = FakeMachine(compute)
    with running(machine, slots=6, lanes=2) as engine:
        finish(ask_many(engine, ["x"] * 60, max_tokens=300))
    # After the head start.
    late = [step for lane in steps.values() for step in lane[128:]]
    assert sum(waiting >= 3 for _, waiting in late) > 1000
    assert all(busy == 3 for busy, waiting in late if waiting >= 3)


def alone(machine: FakeMachine, lane: int) -> int:
    """Return how many steps a lane took with one slot only before it took one with more."""
    steps = [len(call.slots) for call in machine.calls if call.kind == "decode" and call.lane == lane]
    return next((place for place, busy in enumerate(steps) if busy > 1), len(steps))


def test_the_first_request_after_a_rest_has_a_head_start_in_one_lane_and_the_next_batch_has_none(
    in_turn: Callable[[], None],
) -> None:
    together = threading.Event()

    def compute(_: Call) -> None:
        together.wait(SECONDS)
        in_turn()

    machine = FakeMachine(compute)

    async def batch() -> None:
        answers = asyncio.ensure_future(ask_many(engine, ["x"] * 16, max_tokens=100))
        await until(lambda: engine.status().busy + engine.status().waiting == 16)
        together.set()
        await answers
        together.clear()

    with running(machine, slots=8, lanes=2) as engine:
        finish(batch())
        assert sorted(alone(machine, lane) > 90 for lane in (0, 1)) == [False, True]
        machine.calls.clear()
        finish(batch())
        assert [alone(machine, lane) < 10 for lane in (0, 1)] == [True, True]


def test_a_slot_is_refilled_before_the_next_step() -> None:
    lengths = {token(f"{n}"): 3 + 2 * n % 7 for n in range(24)}
    waiting: dict[int, int] = {}

    def compute(call: Call) -> None:
        waiting[len(machine.calls)] = engine.status().waiting

    machine = FakeMachine(compute, lambda prompt: lengths[prompt[-1]])
    with running(machine, slots=3) as engine:
        finish(ask_many(engine, [f"{n}" for n in range(24)]))
    ended: set[int] = set()
    for number, call in enumerate(machine.calls, 1):
        if call.kind == "end":
            ended.update(call.slots)
        elif call.kind == "prefill":
            ended.difference_update(call.slots)
        else:
            assert not ended or waiting[number] == 0


def test_the_tail_of_a_batch_is_spread_over_the_lanes() -> None:
    together = threading.Barrier(2, timeout=SECONDS)
    prefill_lanes: list[int] = []

    def compute(call: Call) -> None:
        # The last two prompts are long ones. Each waits for the other to be begun in another lane.
        if call.kind == "prefill" and call.tokens > 50:
            prefill_lanes.append(call.lane)
            together.wait()

    machine = FakeMachine(compute)
    with running(machine, slots=4, lanes=2) as engine:
        answers = finish(ask_many(engine, [*["x"] * 6, *["y " * 60] * 2]))
    assert len(answers) == 8
    assert sorted(prefill_lanes) == [0, 1]


def test_a_request_whose_deadline_passes_while_it_waits_does_not_wait_for_a_slot_to_be_told() -> None:
    async def both() -> None:
        slow = asyncio.ensure_future(ask(engine, max_tokens=1 << 29))
        await until(lambda: engine.status().busy == 1)
        with pytest.raises(DeadlineExceeded):
            await ask(engine, deadline=time.monotonic())
        assert engine.status().waiting == 0
        assert not slow.done()
        machine.ended.set()
        await slow

    machine = FakeMachine()
    with running(machine, slots=1) as engine:
        finish(both())


def test_a_deadline_that_passes_during_a_long_prefill_ends_it() -> None:
    deadline = 0.0

    def compute(call: Call) -> None:
        while time.monotonic() <= deadline:
            time.sleep(0.01)

    machine = FakeMachine(compute)
    with running(machine, slots=1) as engine:
        deadline = time.monotonic() + 0.5
        with pytest.raises(DeadlineExceeded):
            # Three prefills of 512 tokens.
            finish(ask(engine, "y " * 1500, deadline=deadline))
        assert sum(call.kind == "prefill" for call in machine.calls) <= 1
        assert finish(ask(engine)).completion_tokens == 16


def test_a_request_that_nobody_waits_for_takes_no_slot() -> None:
    go_on = threading.Event()
    machine = FakeMachine(lambda call: go_on.wait(SECONDS) and None)

    async def leave() -> None:
        first = asyncio.ensure_future(ask(engine))
        gone = [asyncio.ensure_future(ask(engine, "y " * 100)) for _ in range(3)]
        await until(lambda: (engine.status().busy, engine.status().waiting) == (1, 3))
        for task in gone:
            task.cancel()
        await asyncio.wait(gone)
        assert engine.status().waiting == 0
        go_on.set()
        await first
        await ask(engine)

    with running(machine, slots=1) as engine:
        finish(leave())
    assert max(call.tokens for call in machine.calls) < 100


@pytest.mark.parametrize("kind", ["prefill", "decode"])
@pytest.mark.parametrize("error", [EngineError("llama.cpp failed to compute."), ValueError("failed to compute")])
def test_a_lane_that_fails_leaves_no_caller_waiting(kind: str, error: Exception) -> None:
    def compute(call: Call) -> None:
        if call.lane == 1 and call.kind == kind:
            raise error

    async def fail() -> list[object]:
        work = [ask(engine, max_tokens=1 << 29) for _ in range(9)]
        return list(await asyncio.gather(*work, return_exceptions=True))

    machine = FakeMachine(compute)
    with running(machine, slots=4, lanes=2) as engine:
        outcomes = finish(fail())
        assert all(isinstance(outcome, EngineError) for outcome in outcomes)
        assert all("failed to compute" in str(outcome) for outcome in outcomes)
        with pytest.raises(EngineError, match="failed to compute"):
            finish(ask(engine))
    assert machine.closed
    assert all(context.closed for context in machine.contexts)


def test_the_thinking_of_a_model_takes_its_room_from_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeContext, "tokens_per_slot", 30)
    monkeypatch.setattr(FakeMachine, "thinks", True)
    engine = FakeMachine().engine(slots=1, thinking_tokens=10)
    # <system> Be brief. <user> x: 5 tokens.
    assert finish(ask(engine, max_tokens=15)).completion_tokens == 15
    with pytest.raises(PromptTooLong, match="5 tokens and 26 more do not fit a context of 30"):
        finish(ask(engine, max_tokens=16))
    engine.close()


def test_a_grammar_that_cannot_be_parsed_costs_its_caller_alone() -> None:
    machine = FakeMachine()
    with running(machine, slots=1) as engine:
        with pytest.raises(EngineError, match="grammar"):
            finish(ask(engine, grammar="nonsense"))
        assert finish(ask(engine)).completion_tokens == 16
    # Nothing was prefilled in vain: <system> Be brief. <user> x.
    assert sum(call.tokens for call in machine.calls if call.kind == "prefill") == 5


def test_closing_answers_everyone() -> None:
    entered = threading.Event()

    async def close() -> list[object]:
        work = asyncio.gather(*(ask(engine, max_tokens=1 << 29) for _ in range(9)), return_exceptions=True)
        await asyncio.to_thread(entered.wait, SECONDS)
        await asyncio.to_thread(engine.close)
        return list(await work)

    machine = FakeMachine(lambda call: entered.set())
    engine = machine.engine(slots=4, lanes=2)
    assert all(isinstance(outcome, EngineError) for outcome in finish(close()))
    engine.close()


def test_slots_that_do_not_divide_are_spread() -> None:
    machine = FakeMachine()
    with running(machine, slots=5, lanes=3) as engine:
        assert engine.slots == 5
    assert [context.slots for context in machine.contexts] == [2, 2, 1]


def test_a_lane_that_finds_no_memory_leaves_nothing_open() -> None:
    class Full(FakeMachine):
        def open_context(self, **how: int) -> Any:
            if self.contexts:
                raise EngineError("not enough memory")
            return super().open_context(**how)

    machine = Full()
    with pytest.raises(EngineError, match="memory"):
        machine.engine(slots=2, lanes=2)
    assert machine.contexts[0].closed
    assert machine.closed


@pytest.mark.parametrize(
    ("threads", "slots", "layers", "lanes"), [(2, 4, 0, 2), (8, 4, 0, 4), (1, 4, 0, 1), (8, 4, 9, 1)]
)
def test_there_is_a_lane_a_thread_as_far_as_slots_go(threads: int, slots: int, layers: int, lanes: int) -> None:
    assert lanes_for(threads=threads, slots=slots, gpu_layers=layers) == lanes
