"""The engine's process contains crashes, hangs, memory and kills; the engine of the tests causes them on request."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import psutil
import pytest
from engine_process import ask, ask_all, child, engine, lines, until

from streaming.engine.process.report import engine_reports
from streaming.errors import DeadlineExceeded, EngineCrashed
from streaming.protocol import Engine, GenerationRequest, Message, Sampling


def test_many_callers_get_their_own_answers(log: Path) -> None:
    texts = [f"text {number}" for number in range(20)]
    with engine(log) as loaded:
        assert asyncio.run(ask_all(loaded, texts)) == {text: f"{text}!" for text in texts}
        assert loaded.count([Message("user", "four")]) == 4
        assert (loaded.context, loaded.slots) == (2048, 4)
        assert loaded.status().slots == 4


def test_a_prompt_that_may_come_back_is_kept(log: Path) -> None:
    with engine(log) as loaded:
        request = GenerationRequest((Message("user", "text"),), sampling=Sampling(), max_tokens=8, keep=True)
        assert asyncio.run(loaded.generate(request)).text == "text, kept!"  # type: ignore[arg-type]


def test_a_crash_costs_the_one_request_that_caused_it(log: Path) -> None:
    texts = [*(f"text {number}" for number in range(4)), "segfault", "a", "b", "c"]
    with engine(log) as loaded:
        answers = asyncio.run(ask_all(loaded, texts))
    assert answers == {text: f"{text}!" for text in texts} | {"segfault": EngineCrashed}
    # At the start, after the crash, and after the crash that showed which request caused it.
    assert len(lines(log, "load")) == 3


@pytest.mark.parametrize("hazard", ["segfault", "hang"])
def test_a_count_that_crashes_or_hangs_costs_its_request(log: Path, hazard: str) -> None:
    with engine(log, stall=1) as loaded:
        with pytest.raises(EngineCrashed):
            loaded.count([Message("user", hazard)])
        assert loaded.count([Message("user", "four")]) == 4


def test_one_that_never_returns_is_ended_and_the_rest_are_done(log: Path) -> None:
    texts = ["a", "hang", "b", "c"]
    with engine(log, stall=1) as loaded:
        answers = asyncio.run(ask_all(loaded, texts))
    assert answers == {"a": "a!", "hang": EngineCrashed, "b": "b!", "c": "c!"}


def test_one_that_outgrows_the_memory_is_ended_and_the_rest_are_done(log: Path) -> None:
    texts = ["a", "grow", "b"]
    with engine(log, memory=250_000_000) as loaded:
        answers = asyncio.run(ask_all(loaded, texts))
    assert answers == {"a": "a!", "grow": EngineCrashed, "b": "b!"}


@pytest.mark.parametrize("whom", ["child", "server"])
def test_a_process_killed_from_outside_three_times_costs_nothing(log: Path, tmp_path: Path, whom: str) -> None:
    gate = tmp_path / "gate"
    texts = [*(f"text {number}" for number in range(6)), f"wait {gate}"]

    async def scene(loaded: Engine) -> dict[str, object]:
        task = asyncio.create_task(ask_all(loaded, texts))
        for time_of_death in range(1, 4):
            await until(lambda n=time_of_death: len(lines(log, "begin wait")) >= n)
            victim = child(log)
            (victim.parent() if whom == "server" else victim).kill()
        await until(lambda: len(lines(log, "begin wait")) >= 4)
        gate.touch()
        return await task

    with engine(log) as loaded:
        assert asyncio.run(scene(loaded)) == {text: f"{text}!" for text in texts}


def test_a_request_past_its_deadline_is_told_so(log: Path, tmp_path: Path) -> None:
    with engine(log) as loaded:
        with pytest.raises(DeadlineExceeded):
            asyncio.run(ask(loaded, f"wait {tmp_path / 'never'}", time.monotonic() + 0.3))
        with pytest.raises(DeadlineExceeded):
            asyncio.run(ask(loaded, "late", time.monotonic() - 1))
        assert not lines(log, "begin late")


def test_a_caller_that_goes_is_not_worked_for(log: Path, tmp_path: Path) -> None:
    async def scene(loaded: Engine) -> None:
        task = asyncio.create_task(ask(loaded, f"wait {tmp_path / 'never'}"))
        await until(lambda: lines(log, "begin wait"))
        task.cancel()
        await until(lambda: loaded.status().busy == 0)

    with engine(log) as loaded:
        asyncio.run(scene(loaded))


def test_an_engine_that_has_failed_without_a_crash_is_started_again(log: Path) -> None:
    texts = ["a", "fail", "b", "c"]
    with engine(log) as loaded:
        answers = asyncio.run(ask_all(loaded, texts))
    assert answers == {"a": "a!", "fail": EngineCrashed, "b": "b!", "c": "c!"}


def test_requests_that_are_called_off_at_once_leave_nothing(log: Path) -> None:
    async def scene(loaded: Engine) -> None:
        tasks = [asyncio.create_task(ask(loaded, f"text {number}")) for number in range(50)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()

        def open_requests() -> int:
            return sum(report.requests for report in engine_reports() if report.executor == os.getpid())

        while await asyncio.to_thread(open_requests):
            pass

    with engine(log) as loaded:
        asyncio.run(scene(loaded))
        assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}


def test_a_pause_of_all_processes_is_no_hang(log: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    async def scene(loaded: Engine) -> object:
        task = asyncio.create_task(ask_all(loaded, ["a", f"wait {gate}"]))
        await until(lambda: lines(log, "begin wait"))
        processes = [child(log), child(log).parent()]
        for process in processes:
            process.suspend()
        await asyncio.sleep(3)
        for process in processes:
            process.resume()
        await asyncio.sleep(1)
        gate.touch()
        return await task

    with engine(log, stall=1) as loaded:
        assert asyncio.run(scene(loaded)) == {"a": "a!", f"wait {gate}": f"wait {gate}!"}
    assert len(lines(log, "load")) == 1


def test_a_child_stuck_in_native_code_ends_with_a_server_that_was_killed(log: Path) -> None:
    async def scene(loaded: Engine) -> list[psutil.Process]:
        task = asyncio.create_task(ask(loaded, "block"))
        await until(lambda: lines(log, "begin block"))
        stuck = child(log)
        stuck.parent().kill()
        task.cancel()
        return psutil.wait_procs([stuck], timeout=10)[1]

    with engine(log) as loaded:
        assert not asyncio.run(scene(loaded))
