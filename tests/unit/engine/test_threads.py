"""How many threads a lane computes with: those of idle lanes as well, never those that other processes need."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from fake_lanes import Call, FakeMachine, token

from benchmarks.busy import busy_process
from streaming.engine.lanes import batching
from streaming.engine.lanes.batching import BatchingEngine
from streaming.engine.lanes.threads import CpuTime, FreeCores, cpu_time_now, free_cores, lane_threads
from streaming.machine.cores import usable_cores
from streaming.protocol import GenerationRequest, Message, Sampling

SECONDS = 20


@pytest.mark.parametrize(("free", "threads"), [(2.0, [1, 1]), (1.2, [1, 1]), (0.0, [1, 1])])
def test_every_lane_that_works_has_a_thread(free: float, threads: list[int]) -> None:
    assert [lane_threads(1, total=2, busy=2, place=place, free=free) for place in (0, 1)] == threads


@pytest.mark.parametrize(("free", "threads"), [(2.0, 2), (1.75, 2), (1.6, 1), (1.0, 1), (0.0, 1)])
def test_a_lane_alone_has_the_idle_ones_threads_unless_others_use_the_cores(free: float, threads: int) -> None:
    assert lane_threads(1, total=2, busy=1, place=0, free=free) == threads


def test_all_lanes_at_work_have_their_own_threads() -> None:
    own = [3, 3, 2, 2]
    assert [lane_threads(own[n], total=10, busy=4, place=n, free=16.0) for n in range(4)] == own


def test_lanes_of_several_threads_leave_other_processes_the_cores_they_use() -> None:
    assert [lane_threads(4, total=16, busy=4, place=n, free=14.1) for n in range(4)] == [4, 4, 3, 3]
    assert lane_threads(2, total=2, busy=1, place=0, free=1.0) == 1


def test_a_lane_has_at_most_twice_its_own() -> None:
    assert lane_threads(2, total=16, busy=1, place=0, free=16.0) == 4


def test_cores_are_free_when_only_this_process_uses_them() -> None:
    assert free_cores(2, CpuTime(100.0, 50.0, 7.0), CpuTime(110.0, 70.0, 27.0)) == 2


def test_cores_that_others_use_are_not_free() -> None:
    assert free_cores(2, CpuTime(100.0, 50.0, 7.0), CpuTime(110.0, 67.5, 17.0)) == pytest.approx(1.25)
    # The system counts in hundredths, and the process may seem to have used more than the machine.
    assert free_cores(2, CpuTime(100.0, 50.0, 7.0), CpuTime(100.5, 50.9, 8.0)) == 2
    assert free_cores(2, CpuTime(100.0, 50.0, 7.0), CpuTime(100.5, 60.0, 7.0)) == 0


def test_what_others_did_while_this_process_was_idle_takes_no_core_from_it() -> None:
    cores = usable_cores()
    measurements = iter(
        [
            CpuTime(-100.0, 0.0, 0.0),
            # Ten seconds of work, beside a process that used half a core.
            CpuTime(-90.0, 11.0, 6.0),
            # A minute of idling, while another process had all cores.
            CpuTime(-30.0, 11.0 + 60 * cores, 6.1),
        ]
    )
    free_now = FreeCores(lambda: next(measurements))
    assert free_now() == pytest.approx(cores - 0.5)
    assert free_now() == pytest.approx(cores - 0.5)


def test_beside_many_busy_processes_the_little_that_it_gets_is_enough_to_notice_them() -> None:
    cores = usable_cores()
    measurements = iter([CpuTime(-100.0, 0.0, 0.0), CpuTime(-90.0, 10.0 * cores, 0.5)])
    assert FreeCores(lambda: next(measurements))() == pytest.approx(0.05)


def test_what_the_machine_spends_on_another_process_is_seen() -> None:
    with busy_process() as pid:
        other = psutil.Process(pid)
        before, of_other = cpu_time_now(), sum(other.cpu_times()[:2])
        while (more := sum(other.cpu_times()[:2]) - of_other) < 0.5:
            os.sched_yield()
        after = cpu_time_now()
    others = (after.machine - before.machine) - (after.own - before.own)
    # Each of them is counted in hundredths.
    assert others > more - 0.1
    assert after.own > before.own


def test_an_engine_asks_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "FreeCores", lambda: lambda: 1.0)
    machine = FakeMachine()
    engine = BatchingEngine(machine, slots=4, lanes=2, context=4096, threads=2, ubatch=512)  # type: ignore[arg-type]
    asyncio.run(ask(engine, "x"))
    engine.close()
    assert {call.threads for call in machine.calls} == {1}


@contextmanager
def two_lanes(machine: FakeMachine, *, free_cores: float = 2.0) -> Iterator[BatchingEngine]:
    engine = machine.engine(slots=4, lanes=2, free_cores=free_cores)
    try:
        yield engine
    finally:
        engine.close()


async def ask(engine: BatchingEngine, text: str) -> None:
    request = GenerationRequest((Message("user", text),), Sampling(), max_tokens=99)
    await asyncio.wait_for(engine.generate(request), SECONDS)


def test_a_single_document_is_computed_by_the_threads_of_all_lanes() -> None:
    machine = FakeMachine()
    with two_lanes(machine) as engine:
        asyncio.run(ask(engine, "x"))
    assert {call.threads for call in machine.calls} == {2}


def test_beside_a_busy_process_it_is_computed_by_those_of_its_lane() -> None:
    machine = FakeMachine()
    with two_lanes(machine, free_cores=1.0) as engine:
        asyncio.run(ask(engine, "x"))
    assert {call.threads for call in machine.calls} == {1}


def test_two_documents_have_a_thread_each_until_one_is_done() -> None:
    lengths = {token("short"): 8, token("long"): 40}
    both, one_done = threading.Barrier(2), threading.Event()

    def compute(call: Call) -> None:
        number = sum(other.lane == call.lane for other in machine.calls)
        if number <= 9:
            both.wait(SECONDS)
        elif number == 10:
            one_done.wait(SECONDS)

    machine = FakeMachine(compute, lambda prompt: lengths[prompt[-1]])

    async def both_texts(engine: BatchingEngine) -> None:
        long = asyncio.ensure_future(ask(engine, "long"))
        await ask(engine, "short")
        one_done.set()
        await long

    with two_lanes(machine) as engine:
        asyncio.run(both_texts(engine))
    calls = [call for call in machine.calls if call.kind != "end"]
    of_short, of_long = sorted(([call.threads for call in calls if call.lane == lane] for lane in (0, 1)), key=len)
    assert of_short == [1] * 9
    assert of_long[:9] == [1] * 9
    assert of_long[10:] == [2] * 31
