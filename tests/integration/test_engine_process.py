"""The engine in a process of its own, with an engine that crashes, hangs and grows when it is told to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from hazards import HazardRecipe
from support import gistream

from streaming.engine.process.folder import EngineFolder, engine_folders
from streaming.engine.process.recipe import ProcessRecipe
from streaming.engine.process.report import reports
from streaming.engine.process.wire import encode
from streaming.errors import DeadlineExceeded, EngineCrashed, EngineError
from streaming.protocol import Engine, Generation, Message, Sampling

TESTS = Path(__file__).parents[1]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


def recipe(log: Path, how: str = "well", *, stall: float = 30, memory: int | None = None) -> ProcessRecipe:
    return ProcessRecipe(HazardRecipe(str(log), how), stall=stall, memory=memory)


@contextmanager
def engine(log: Path, *, stall: float = 30, memory: int | None = None) -> Iterator[Engine]:
    loaded = recipe(log, stall=stall, memory=memory).load()
    try:
        yield loaded
    finally:
        loaded.close()


async def ask(loaded: Engine, text: str, deadline: float | None = None) -> Generation:
    return await loaded.generate([Message("user", text)], sampling=Sampling(), max_tokens=8, deadline=deadline)


async def ask_all(loaded: Engine, texts: list[str]) -> dict[str, object]:
    answers = await asyncio.gather(*(ask(loaded, text) for text in texts), return_exceptions=True)
    said = [answer.text if isinstance(answer, Generation) else type(answer) for answer in answers]
    return dict(zip(texts, said, strict=True))


def lines(log: Path, word: str) -> list[str]:
    return [line for line in log.read_text().splitlines() if line.startswith(word)]


def child(log: Path) -> psutil.Process:
    return psutil.Process(child_pid(log))


def child_pid(log: Path) -> int:
    return int(lines(log, "load")[-1].split()[1])


async def until(holds: Callable[[], object], seconds: float = 20) -> None:
    """Look until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_many_callers_get_their_own_answers(log: Path) -> None:
    texts = [f"text {number}" for number in range(20)]
    with engine(log) as loaded:
        assert asyncio.run(ask_all(loaded, texts)) == {text: f"{text}!" for text in texts}
        assert loaded.count([Message("user", "four")]) == 4
        assert (loaded.context, loaded.slots) == (2048, 4)
        assert loaded.status().slots == 4


def test_a_crash_costs_the_one_request_that_caused_it(log: Path) -> None:
    texts = [*(f"text {number}" for number in range(4)), "segfault", "a", "b", "c"]
    with engine(log) as loaded:
        answers = asyncio.run(ask_all(loaded, texts))
    assert answers == {text: f"{text}!" for text in texts} | {"segfault": EngineCrashed}
    # As it began, after the crash, and after the crash that showed whose it was.
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
        asked = asyncio.create_task(ask_all(loaded, texts))
        for time_of_death in range(1, 4):
            await until(lambda n=time_of_death: len(lines(log, "begin wait")) >= n)
            victim = child(log)
            (victim.parent() if whom == "server" else victim).kill()
        await until(lambda: len(lines(log, "begin wait")) >= 4)
        gate.touch()
        return await asked

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
        asked = asyncio.create_task(ask(loaded, f"wait {tmp_path / 'never'}"))
        await until(lambda: lines(log, "begin wait"))
        asked.cancel()
        await until(lambda: loaded.status().busy == 0)

    with engine(log) as loaded:
        asyncio.run(scene(loaded))


def test_loading_is_said_with_progress(log: Path) -> None:
    heard: list[float] = []
    recipe(log).load(heard.append).close()
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


@pytest.mark.parametrize(
    ("how", "sentence", "loads"), [("error", "The model file is not there", 1), ("crash", "3 times in a row", 3)]
)
def test_a_model_that_cannot_be_loaded_is_one_sentence(log: Path, how: str, sentence: str, loads: int) -> None:
    with pytest.raises(EngineError, match=sentence):
        recipe(log, how).load()
    assert len(lines(log, "load")) == loads
    assert not own_folders()


def test_a_closed_engine_says_so_and_leaves_nothing(log: Path) -> None:
    loaded = recipe(log).load()
    assert own_folders()
    running = child(log)
    loaded.close()
    loaded.close()
    assert not running.is_running()
    assert not own_folders()
    with pytest.raises(EngineError, match="closed"):
        asyncio.run(ask(loaded, "a"))
    with pytest.raises(EngineError, match="closed"):
        loaded.count([])


def test_an_engine_that_has_failed_without_a_crash_is_started_again(log: Path) -> None:
    texts = ["a", "fail", "b", "c"]
    with engine(log) as loaded:
        answers = asyncio.run(ask_all(loaded, texts))
    assert answers == {"a": "a!", "fail": EngineCrashed, "b": "b!", "c": "c!"}


def test_requests_that_are_called_off_at_once_leave_nothing(log: Path) -> None:
    async def scene(loaded: Engine) -> None:
        asked = [asyncio.create_task(ask(loaded, f"text {number}")) for number in range(50)]
        await asyncio.sleep(0)
        for task in asked:
            task.cancel()

        def left() -> int:
            return sum(found.requests for found in reports() if found.executor == os.getpid())

        while await asyncio.to_thread(left):
            pass

    with engine(log) as loaded:
        asyncio.run(scene(loaded))
        assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}


def test_a_pause_of_all_processes_is_no_hang(log: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    async def scene(loaded: Engine) -> object:
        asked = asyncio.create_task(ask_all(loaded, ["a", f"wait {gate}"]))
        await until(lambda: lines(log, "begin wait"))
        processes = [child(log), child(log).parent()]
        for process in processes:
            process.suspend()
        await asyncio.sleep(3)
        for process in processes:
            process.resume()
        await asyncio.sleep(1)
        gate.touch()
        return await asked

    with engine(log, stall=1) as loaded:
        assert asyncio.run(scene(loaded)) == {"a": "a!", f"wait {gate}": f"wait {gate}!"}
    assert len(lines(log, "load")) == 1


def test_a_child_stuck_in_native_code_ends_with_a_server_that_was_killed(log: Path) -> None:
    async def scene(loaded: Engine) -> list[psutil.Process]:
        asked = asyncio.create_task(ask(loaded, "block"))
        await until(lambda: lines(log, "begin block"))
        stuck = child(log)
        stuck.parent().kill()
        asked.cancel()
        return psutil.wait_procs([stuck], timeout=10)[1]

    with engine(log) as loaded:
        assert not asyncio.run(scene(loaded))


def test_a_folder_that_was_cleared_away_costs_no_second_engine(log: Path) -> None:
    with engine(log) as loaded:
        before = child(log)
        (own_folders()[0].path / "secret").unlink()
        again = recipe(log).load()
        assert not before.is_running()
        assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}
        assert len(lines(log, "load")) == 2
        again.close()


def test_an_idle_engine_gives_way_to_another_though_its_workers_are_there(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with engine(log) as loaded:
        before = child(log)
        with engine(other) as second:
            assert not before.is_running()
            assert asyncio.run(ask_all(second, ["b"])) == {"b": "b!"}
        # It comes again when it is needed.
        assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}


def test_progress_that_cannot_be_shown_stops_nothing(log: Path) -> None:
    def broken(share: float) -> None:
        raise SystemExit(1)

    loaded = recipe(log).load(broken)
    assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}
    loaded.close()


def own_folders() -> list[EngineFolder]:
    return [folder for folder in engine_folders() if folder.owner == os.getpid()]


@pytest.mark.parametrize(
    "said",
    [
        encode({"hello": "0" * 64}),
        encode({"hello": ""}),
        encode({"hello": None}),
        encode({"id": 1, "do": "generate", "messages": [["user", "a"]]}),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff" + b"x" * 2000,
        b"\x00\x00\x00\x02[]",
    ],
)
def test_a_peer_without_the_secret_gets_nothing(log: Path, said: bytes) -> None:
    with engine(log) as loaded, socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(own_folders()[0].socket))
        stranger.settimeout(20)
        stranger.sendall(said)
        with suppress(ConnectionResetError):
            assert stranger.recv(1) == b""
        assert not lines(log, "begin")
        assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}


def test_only_this_user_can_reach_the_socket(log: Path) -> None:
    with engine(log):
        folder = own_folders()[0]
        for path, mode in ((folder.path.parent, 0o700), (folder.path, 0o700), (folder.path / "secret", 0o600)):
            assert path.stat().st_mode & 0o777 == mode


def test_what_an_engine_does_is_shown(log: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    async def scene(loaded: Engine) -> dict[str, Any]:
        asked = asyncio.create_task(ask_all(loaded, [f"wait {gate}", "a"]))
        await until(lambda: loaded.status().busy == 1 and lines(log, "end a"))
        shown = await asyncio.to_thread(gistream, "engine", "--json", data_dir=tmp_path)
        told = await asyncio.to_thread(gistream, "engine", data_dir=tmp_path)
        assert "3 of 4 open" in told.stdout
        gate.touch()
        await asked
        reports = [json.loads(line) for line in shown.stdout.splitlines()]
        return next(report for report in reports if report["executor"] == os.getpid())

    with engine(log) as loaded:
        report = asyncio.run(scene(loaded))
    assert (report["slots"], report["busy"], report["workers"], report["requests"]) == (4, 1, 1, 1)
    assert (report["loads"], report["deaths"], report["loading"]) == (1, 0, None)
    assert 0 < report["memory"] < report["memory_limit"]


WORK = """
import asyncio, sys
from pathlib import Path
from hazards import HazardRecipe
from support import gistream
from streaming.engine.process.recipe import ProcessRecipe
from streaming.protocol import Message, Sampling
loaded = ProcessRecipe(HazardRecipe({log!r}), stall={stall}, memory=None).load()
work = loaded.generate([Message("user", {text!r})], sampling=Sampling(), max_tokens=8)
sys.stdout.write(asyncio.run(work).text + "\\n")
"""


def environment(*first: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*first, *sys.path)))}


@contextmanager
def executor(tmp_path: Path, *workers: str) -> Iterator[subprocess.Popen[str]]:
    """Have an executor with workers, each of which runs a source."""
    java = tmp_path / "java"
    java.symlink_to(Path(sys.executable).resolve())
    command = [str(java), str(TESTS / "executor.py"), sys.executable, *workers]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_two_workers_have_one_process(log: Path, tmp_path: Path) -> None:
    workers = [WORK.format(log=str(log), stall=30, text=text) for text in ("a", "b")]
    with executor(tmp_path, *workers) as running:
        assert running.stdout is not None
        assert sorted(running.stdout.readline() for _ in range(3)) == ["a!\n", "b!\n", "done\n"]
        # It outlives its workers.
        assert child(log).is_running()
    assert len(lines(log, "load")) == 1


def test_it_ends_with_its_executor_in_the_middle_of_a_request(log: Path, tmp_path: Path) -> None:
    with executor(tmp_path, WORK.format(log=str(log), stall=30, text=f"wait {tmp_path / 'never'}")) as running:
        asyncio.run(until(lambda: lines(log, "begin wait")))
        # The worker, too: it does not start another for an executor that has ended.
        processes = [child(log), child(log).parent(), *psutil.Process(running.pid).children()]
        running.kill()
        running.wait()
        _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive
    assert not [folder for folder in engine_folders() if folder.owner == running.pid]


LOAD = """
from hazards import HazardRecipe
from streaming.engine.process.recipe import ProcessRecipe
loaded = ProcessRecipe(HazardRecipe({log!r}, {how!r}), stall=30, memory=None).load()
loaded.close()
"""


def test_an_interrupt_while_the_model_loads_leaves_nothing(log: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", LOAD.format(log=str(log), how="never")], env=environment()) as process:
        asyncio.run(until(lambda: lines(log, "load")))
        running = [child(log), child(log).parent()]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) != 0
    _, alive = psutil.wait_procs(running, timeout=10)
    assert not alive
    assert len(lines(log, "load")) == 1


@pytest.mark.parametrize(
    "how",
    ["del os.pidfd_open", "def refused(pid): raise OSError(38, 'not implemented')\nos.pidfd_open = refused"],
    ids=["not known", "not allowed"],
)
def test_without_pidfd_an_engine_starts_and_ends_as_well(log: Path, tmp_path: Path, how: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import os\n{how}\n")
    source = LOAD.format(log=str(log), how="well")
    done = subprocess.run([sys.executable, "-c", source], env=environment(tmp_path), timeout=30, check=False)
    assert done.returncode == 0
    assert not psutil.pid_exists(child_pid(log))


COUNT = """
import os, threading
from hazards import HazardRecipe
from streaming.engine.process.recipe import ProcessRecipe
from streaming.protocol import Message
loaded = ProcessRecipe(HazardRecipe({log!r}), stall=1.5, memory=None).load()
for number in range(40):
    threading.Thread(target=loaded.count, args=([Message("user", "slow")],), daemon=True).start()
threading.Event().wait(0.3)
os._exit(0)
"""


def test_counts_whose_worker_has_gone_are_no_hang(log: Path, tmp_path: Path) -> None:
    with executor(tmp_path, COUNT.format(log=str(log))) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "done\n"
        time.sleep(4)
        assert child(log).is_running()
    assert len(lines(log, "load")) == 1


def test_an_engine_that_nobody_uses_makes_room_for_another(log: Path, tmp_path: Path) -> None:
    first, second = (WORK.format(log=str(log), stall=stall, text="a") for stall in (30, 31))
    both = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {first!r}, 'pyspark.daemon'])\n{second}"
    with executor(tmp_path, both) as running:
        assert running.stdout is not None
        assert [running.stdout.readline() for _ in range(3)] == ["a!\n", "a!\n", "done\n"]
        was, now = (int(line.split()[1]) for line in lines(log, "load"))
        assert not psutil.pid_exists(was)
        assert psutil.pid_exists(now)
        assert len([folder for folder in engine_folders() if folder.owner == running.pid]) == 1


def test_an_engine_in_use_stays(log: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    using = WORK.format(log=str(log), stall=30, text=f"wait {gate}")
    other = WORK.format(log=str(log), stall=31, text="a")
    with executor(
        tmp_path,
        using,
        f"import os, time\nwhile 'begin wait' not in open({str(log)!r}).read(): time.sleep(0.02)\n{other}",
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "a!\n"
        gate.touch()
        assert running.stdout.readline() == f"wait {gate}!\n"
    assert len(lines(log, "begin wait")) == 1
