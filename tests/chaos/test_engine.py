"""The engine's process under kills and hangs, with the real broker, Spark and model: `make chaos`.

The quiet quarter of an hour is `make soak`.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from installation import Send, command, command_environment, document, names, read_topic
from native_hooks import HANGS, TrappedRecipe

from streaming.engine import LlamaRecipe, open_model
from streaming.engine.process.recipe import ProcessRecipe
from streaming.engine.process.report import EngineReport, engine_reports
from streaming.errors import EngineCrashed
from streaming.kafka.topics import Admin
from streaming.protocol import Engine, Generation, GenerationRequest, Message, Sampling
from streaming.settings import Settings

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."
SHORT = {"GISTREAM_MAX_TOKENS": "32", "GISTREAM_BATCH_DOCUMENTS": "64"}


def until(holds: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)


@contextmanager
def run(settings: Settings, *flags: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `gistream run`; ends it, and what it started, whatever the test did."""
    earlier = everything_of_gistream()
    process = subprocess.Popen(
        command("run", *names(settings), *flags), env=command_environment(settings.data_dir, **SHORT, **environment),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for leftover in everything_of_gistream() - earlier:
            leftover.kill()


def everything_of_gistream() -> set[psutil.Process]:
    """Return every process of the query or its engine: driver, JVMs, Python workers and engine processes."""
    words = ("streaming.engine.process", "pyspark.daemon", "SparkSubmit", "CoarseGrainedExecutorBackend", "gistream")
    processes = set()
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(word in line for word in words):
            processes.add(process)
    return processes


def the_engine() -> EngineReport | None:
    """Return the report of the one engine that generates now."""
    return next((report for report in engine_reports() if report.busy > 1), None)


def fill(settings: Settings, send: Send, count: int) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    send(*[(f"d{n}".encode(), document(f"{STORY} It was number {n}.")) for n in range(count)])


def summaries(settings: Settings) -> set[bytes]:
    return {record.key for record in read_topic(settings, settings.output_topic)}


def victims(whom: str, report: EngineReport, driver: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the process to kill: driver, executor (its JVM), its Python worker, or a process of the engine."""
    executor = psutil.Process(report.executor)
    if whom == "driver":
        return [psutil.Process(driver.pid)]
    if whom == "executor":
        return [executor]
    if whom == "worker":
        daemons = [child for child in executor.children() if "pyspark.daemon" in " ".join(child.cmdline())]
        return [worker for daemon in daemons for worker in daemon.children()]
    return [psutil.Process(report.server if whom == "server" else report.child or 0)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("master", ["local[2]", "local-cluster[1,2,1024]"])
@pytest.mark.parametrize("whom", ["driver", "executor", "worker"])
def test_no_process_is_left_ten_seconds_after_a_kill_in_mid_generation(
    settings: Settings, send: Send, whom: str, master: str
) -> None:
    fill(settings, send, 64)
    earlier = everything_of_gistream()
    with run(settings, "--master", master) as driver:
        until(the_engine, 90)
        report = the_engine()
        assert report is not None
        engine = [psutil.Process(report.server), psutil.Process(report.child or 0)]
        for victim in victims(whom, report, driver):
            victim.kill()
        if whom == "worker":
            # The executor lives, and so does its engine, for the worker that takes the task up again.
            until(lambda: len(summaries(settings)) == 64, 200)
            assert [now.loads for now in engine_reports() if now.server == report.server] == [1]
            driver.send_signal(signal.SIGTERM)
            assert driver.wait(60) == 0
        elif whom == "executor" and master != "local[2]":
            # Spark starts another executor; the engine of the one that was killed ends with it.
            _, alive = psutil.wait_procs(engine, timeout=10)
            assert not alive
            driver.kill()
        driver.wait(60)
        gone = time.monotonic()
        until(lambda: not everything_of_gistream() - earlier, 10)
        print(f"{whom} of {master}: nothing left after {time.monotonic() - gone:.1f} s")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("whom", ["child", "server"])
def test_the_engine_killed_three_times_from_outside_costs_no_document(
    settings: Settings, send: Send, whom: str
) -> None:
    fill(settings, send, 64)
    with run(settings, "--once") as driver:
        for kill in range(3):
            until(lambda n=kill: the_engine() and len(summaries(settings)) > 5 * n, 120)
            report = the_engine()
            assert report is not None
            for victim in victims(whom, report, driver):
                victim.kill()
        assert driver.wait(400) == 0
    assert summaries(settings) == {f"d{n}".encode() for n in range(64)}
    assert not read_topic(settings, settings.dead_letter_topic)


@pytest.mark.timeout(600)
def test_one_document_of_sixty_four_that_never_returns_costs_itself(tmp_path: Path) -> None:
    inner = LlamaRecipe(open_model("sample"), slots=4, lanes=2, context=1024, threads=2)
    engine = ProcessRecipe(TrappedRecipe(inner, str(tmp_path / "log")), stall=10, memory=None).load()
    texts = [f"{STORY} It was number {number}." for number in range(64)]
    texts[20] += f" Then came the {HANGS}."

    async def ask_all() -> list[Generation | BaseException]:
        return await asyncio.gather(*(ask(engine, text) for text in texts), return_exceptions=True)

    try:
        answers = asyncio.run(ask_all())
    finally:
        engine.close()
    assert isinstance(answers.pop(20), EngineCrashed)
    assert all(isinstance(answer, Generation) for answer in answers)


async def ask(engine: Engine, text: str) -> Generation:
    messages = (Message("system", "Write a short summary of the text."), Message("user", text))
    return await engine.generate(GenerationRequest(messages, sampling=Sampling(), max_tokens=16))


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_topic_that_is_quiet_for_seventy_seconds_nine_times_costs_one_load(settings: Settings, send: Send) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    with run(settings) as driver:
        workers = set()
        for number in range(10):
            send((f"d{number}".encode(), document(f"{STORY} It was number {number}.")))
            until(lambda n=number: len(summaries(settings)) == n + 1, 120)
            report = next(r for r in engine_reports() if psutil.Process(r.executor).ppid() == driver.pid)
            assert (report.loads, report.deaths) == (1, 0)
            workers |= {worker.pid for worker in victims("worker", report, driver)}
            if number < 9:
                time.sleep(70)
        # Spark did end its idle workers meanwhile.
        assert len(workers) > 1
        print(f"one load of the model for {len(workers)} Python workers")
