"""What a slot has of a prompt is not computed again, and a prompt that may come back finds its slot."""

from __future__ import annotations

import asyncio
import itertools
import threading

import pytest
from fake_lanes import SECONDS, Call, FakeContext, FakeMachine, ask, ask_many, finish, running, token, until

from streaming.engine.lanes import lane
from streaming.protocol import GenerationRequest, Message, Sampling

# Longer than the head start.
LONG = 300


def test_what_two_prompts_share_is_computed_once_a_slot() -> None:
    machine = FakeMachine()
    with running(machine, slots=1) as engine:
        finish(ask(engine, "one two three"))
        first = engine.status().prompt_tokens
        finish(ask(engine, "four five six"))
        second = engine.status().prompt_tokens - first
        status = engine.status()
    # <system> Be brief. <user> + three words.
    assert (first, second) == (7, 3)
    assert status.completion_tokens == 32


def test_each_of_several_profiles_keeps_the_slot_that_has_it() -> None:
    machine = FakeMachine()
    with running(machine, slots=2) as engine:

        async def take_turns() -> None:
            for profile, n in itertools.product("ab", range(2)):
                work = (Message("system", f"{profile} " * 20), Message("user", f"{n}"))
                await engine.generate(GenerationRequest(work, Sampling(), max_tokens=4))

        async def both() -> None:
            work = [(Message("system", f"{p} " * 20), Message("user", "x")) for p in "ab"]
            # Longer than the head start, so that they are side by side.
            await asyncio.gather(*(engine.generate(GenerationRequest(w, Sampling(), max_tokens=200)) for w in work))

        finish(both())
        before = engine.status().prompt_tokens
        finish(take_turns())
        assert engine.status().prompt_tokens - before == 4


@pytest.fixture
def kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots are kept for longer than a test may take."""
    monkeypatch.setattr(lane, "_KEEP_SECONDS", 2.0 * SECONDS)


def prefills(machine: FakeMachine) -> list[int]:
    """Return the tokens of each prefill, in order."""
    return [call.tokens for call in machine.calls if call.kind == "prefill"]


def lengths(**words: int) -> FakeMachine:
    """Return a machine that generates so many tokens for a prompt that ends with a word."""
    of_token = {token(word): length for word, length in words.items()}
    return FakeMachine(length=lambda prompt: of_token[prompt[-1]])


@pytest.mark.usefixtures("kept_for_long")
def test_a_prompt_that_comes_back_goes_first_and_is_not_computed_again() -> None:
    first_waits, others_wait, back = threading.Event(), threading.Event(), threading.Event()

    def compute(call: Call) -> None:
        if call.kind == "decode":
            ended = any(call.kind == "end" for call in machine.calls)
            (others_wait if len(call.slots) == 2 else back if ended else first_waits).wait(SECONDS)

    machine = lengths(long=LONG, short=3, other=3)
    with running(machine, slots=2) as engine:

        async def all_of_them() -> None:
            # So that none of the next has a head start.
            await ask(engine, "other")
            machine.calls.clear()
            machine.on_compute(compute)
            tasks = [asyncio.ensure_future(ask(engine, "long", max_tokens=LONG))]
            await until(lambda: engine.status().busy == 1)
            first = asyncio.ensure_future(ask(engine, "a b c d e f g short", keep=True))
            await until(lambda: engine.status().waiting == 1)
            first_waits.set()
            await until(lambda: engine.status().busy == 2)
            # They take less, so they would go first.
            tasks.append(asyncio.ensure_future(ask_many(engine, ["1 other", "2 other"])))  # type: ignore[arg-type]
            await until(lambda: engine.status().waiting == 2)
            others_wait.set()
            await first
            tasks.append(asyncio.ensure_future(ask(engine, "a b c d e f g short")))
            await until(lambda: engine.status().waiting == 3)
            back.set()
            await asyncio.gather(*tasks)

        finish(all_of_them())
    _, first_time, second_time, *others = prefills(machine)
    assert first_time > 7
    assert second_time == 1
    assert len(others) == 2


def steps_until_refilled(*, keep: bool) -> int:
    """Return how many steps a lane takes between the end of one request and the beginning of the next."""
    together = threading.Event()

    def compute(call: Call) -> None:
        together.wait(SECONDS)
        if call.kind == "decode" and len(call.slots) == 1:
            # A step that takes its time.
            threading.Event().wait(0.02)

    machine = lengths(long=60, short=3, other=3)
    with running(machine, slots=2) as engine:

        async def all_of_them() -> None:
            # So that none of the next has a head start.
            await ask(engine, "other")
            machine.calls.clear()
            machine.on_compute(compute)
            tasks = [asyncio.ensure_future(ask(engine, "long", max_tokens=60))]
            await until(lambda: engine.status().busy == 1)
            texts = ("short", f"{'x ' * 20} other")
            tasks += [asyncio.ensure_future(ask(engine, text, keep=keep)) for text in texts]
            await until(lambda: engine.status().waiting == 2)
            together.set()
            await asyncio.gather(*tasks)

        finish(all_of_them())
    kinds = [call.kind for call in machine.calls]
    after = kinds[kinds.index("end") + 1 :]
    return after[: after.index("prefill")].count("decode")


def test_a_slot_is_not_kept_for_ever_nor_for_a_prompt_that_will_not_come_back() -> None:
    assert steps_until_refilled(keep=False) == 0
    assert 1 <= steps_until_refilled(keep=True) <= 50


@pytest.mark.usefixtures("kept_for_long")
def test_a_lane_with_nothing_else_to_do_refills_slots_that_are_kept() -> None:
    together = threading.Event()
    machine = lengths(short=3, other=3)
    with running(machine, slots=2) as engine:
        # Or the first of the others would have a head start.
        finish(ask(engine, "short"))
        machine.on_compute(lambda _: together.wait(SECONDS))
        machine.calls.clear()

        async def all_of_them() -> None:
            texts = ["1 short", "2 short", *(f"{number} {'x ' * 20} other" for number in range(2))]
            tasks = [asyncio.ensure_future(ask(engine, text, keep=True)) for text in texts]
            await until(lambda: engine.status().busy + engine.status().waiting == len(texts))
            together.set()
            await asyncio.gather(*tasks)

        finish(all_of_them())
    kinds = [call.kind for call in machine.calls]
    assert kinds[kinds.index("end") :][:3] == ["end", "end", "prefill"]


@pytest.mark.usefixtures("kept_for_long")
def test_a_prompt_goes_back_to_the_lane_that_has_it_though_another_has_less_to_do() -> None:
    machine = lengths(long=LONG, short=3)
    with running(machine, slots=4, lanes=2) as engine:

        async def all_of_them() -> int:
            await ask(engine, "a b c d short", keep=True)
            machine.calls.clear()
            long = asyncio.ensure_future(ask(engine, "long", max_tokens=LONG))
            await until(lambda: any(call.kind == "decode" for call in machine.calls))
            before = engine.status().prompt_tokens
            await ask(engine, "a b c d short")
            computed = engine.status().prompt_tokens - before
            await long
            return computed

        assert finish(all_of_them()) == 1


@pytest.mark.usefixtures("kept_for_long")
def test_a_kept_prompt_is_not_overwritten_while_another_slot_is_free() -> None:
    machine = lengths(short=3, other=3)
    with running(machine, slots=2) as engine:
        finish(ask(engine, "a b c d short", keep=True))
        # The slot of the first has the instructions already, the other one nothing.
        finish(ask(engine, "other"))
        before = engine.status().prompt_tokens
        finish(ask(engine, "a b c d short"))
        assert engine.status().prompt_tokens - before == 1


def test_equal_prompts_do_not_wait_for_the_one_lane_that_has_it() -> None:
    both = threading.Barrier(2, timeout=SECONDS)
    machine = lengths(short=3)
    with running(machine, slots=2, lanes=2) as engine:
        finish(ask(engine, "short", keep=True))
        machine.on_compute(lambda call: both.wait() if call.kind == "prefill" else None)
        machine.calls.clear()
        # Each is begun while the other is.
        finish(ask_many(engine, ["short"] * 2))
    assert {call.lane for call in machine.calls} == {0, 1}


def test_a_state_that_cannot_be_cut_is_kept_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_all_of_it(context: FakeContext, slot: int, length: int) -> bool:
        if length == 0:
            context.cached[slot].clear()
        return length == 0

    monkeypatch.setattr(FakeContext, "truncate", only_all_of_it)
    machine = lengths(short=3)
    with running(machine, slots=1) as engine:
        for _ in range(3):
            finish(ask(engine, "short", keep=True))
    assert prefills(machine) == [5, 5, 5]
    assert steps_until_refilled(keep=True) == 0


@pytest.mark.parametrize("slots", [1, 3])
def test_of_equal_prompts_that_come_back_each_is_answered(slots: int) -> None:
    machine = lengths(short=3)
    with running(machine, slots=slots) as engine:
        finish(ask(engine, "short", keep=True))
        assert len(finish(ask_many(engine, ["short"] * 7))) == 7
