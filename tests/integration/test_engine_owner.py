"""The owner of an engine's process: workers of one executor share the process, and it ends with the executor."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from engine_process import child, child_pid, lines, until

from streaming.engine.process.folder import engine_folders

TESTS = Path(__file__).parents[1]


WORK = """
import asyncio, sys
from pathlib import Path
from hazards import HazardRecipe
from installation import gistream
from streaming.engine.process.recipe import ProcessRecipe
from streaming.protocol import GenerationRequest, Message, Sampling
loaded = ProcessRecipe(HazardRecipe({log!r}), stall={stall}, memory=None).load()
work = loaded.generate(GenerationRequest((Message("user", {text!r}),), sampling=Sampling(), max_tokens=8))
sys.stdout.write(asyncio.run(work).text + "\\n")
"""


def environment(*first: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*first, *sys.path)))}


@contextmanager
def executor(tmp_path: Path, *workers: str) -> Iterator[subprocess.Popen[str]]:
    """Have an executor with workers, each of which runs a source."""
    java = tmp_path / "java"
    java.symlink_to(Path(sys.executable).resolve())
    command = [str(java), str(TESTS / "support" / "executor.py"), sys.executable, *workers]
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
        try:
            asyncio.run(until(lambda: lines(log, "load")))
            running = [child(log), child(log).parent()]
            process.send_signal(signal.SIGINT)
            assert process.wait(20) != 0
        finally:
            process.kill()
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
    process = subprocess.run([sys.executable, "-c", source], env=environment(tmp_path), timeout=30, check=False)
    assert process.returncode == 0
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
        before, after = (int(line.split()[1]) for line in lines(log, "load"))
        assert not psutil.pid_exists(before)
        assert psutil.pid_exists(after)
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
