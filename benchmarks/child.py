"""The parent's side of a worker: starts it, sends orders, watches its memory, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from pydantic import TypeAdapter

from benchmarks.contract import Delay, Document, Opening, Resident, Run
from streaming import errors
from streaming.errors import EngineError, GistreamError

# The memory of a system is read rarely, because reading takes some of the CPU that is measured.
_LOOK_SECONDS = 1.0
# Kafka takes up to half a minute to close its logs.
_END_SECONDS = 45
_OPENING = TypeAdapter(Opening)
_DOCUMENTS = TypeAdapter(list[Document])


class Child:
    """A worker of one system, for as long as the context lasts; its log lies in `folder`."""

    def __init__(self, system: str, folder: Path, on_part: Callable[[], None] = lambda: None) -> None:
        """Start the worker; `on_part` is called for each prompt or document that is done."""
        self._system = system
        self._on_part = on_part
        self._log = folder / "worker.log"
        folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.worker", system],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # In this very session: Linux divides the cores among sessions first (autogroup), so a busy process in
                # another session would count as much as all threads of the system together.
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        self.peak_bytes = 0
        self._system_pid: int | None = None
        # The processes that the worker has started; after its death they have no parent to be found by.
        self._started: set[psutil.Process] = set()
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watch_memory, name="gistream-bench-watch", daemon=True)
        self._watch.start()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end(at_once=kind is not None)

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def open(self, opening: Opening) -> None:
        """Open the system and watch its memory from now on. Raises the system's errors, or `EngineError`."""
        opened = self._ask({"do": "open", "opening": _OPENING.dump_python(opening, mode="json")})
        self._system_pid = opened["process"]
        self._started.update(_descendants(self._process.pid))

    def run(self, documents: Sequence[Document]) -> Run:
        """Summarize documents. Raises as `open`."""
        run = Run(**self._ask({"do": "run", "documents": _packed(documents)}))
        # A short run may have been between two looks.
        self._look()
        return run

    def delays(self, documents: Sequence[Document]) -> list[Delay]:
        """Measure the delays of an open pipeline, of all documents but the first. Raises as `open`."""
        return [Delay(**delay) for delay in self._ask({"do": "delays", "documents": _packed(documents)})]

    def resident(self, opening: Opening, documents: Sequence[Document]) -> Resident:
        """Load an engine into this fresh process and measure its growth. Raises as `open`."""
        packed = _OPENING.dump_python(opening, mode="json")
        return Resident(**self._ask({"do": "resident", "opening": packed, "documents": _packed(documents)}))

    def _ask(self, order: dict[str, Any]) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise EngineError("A worker has no pipes: a bug.")
        # A worker that has ended is noticed when it does not answer.
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            answer = json.loads(line)
            if "finished" in answer:
                self._on_part()
            elif "error" in answer:
                kind = getattr(errors, answer["kind"], GistreamError)
                raise kind(f"{self._system}: {answer['error']}")
            else:
                return answer["done"]
        code = self._process.wait()
        lines = self._log.read_text(errors="replace").strip().splitlines()
        end = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        last_words = f"its last words: {lines[-1]}" if lines else "it said nothing"
        raise EngineError(f"The process that measured '{self._system}' ended {end}; {last_words} (see {self._log}).")

    def _watch_memory(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        """Note the processes of the worker, and the highest sum of the resident memory of the system's processes."""
        self._started.update(_descendants(self._process.pid))
        if self._system_pid is not None:
            with suppress(psutil.NoSuchProcess):
                counted = [psutil.Process(self._system_pid), *_descendants(self._system_pid)]
                self.peak_bytes = max(self.peak_bytes, sum(map(_resident, counted)))

    def _end(self, *, at_once: bool) -> None:
        """End the worker and the processes that it has left behind, by their ids."""
        self._ended.set()
        self._watch.join()
        self._started.update(_descendants(self._process.pid))
        if at_once:
            self._process.terminate()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # The engine process of an executor ends by itself a moment after it; processes that a crash has left do not.
        alive = psutil.wait_procs(self._started, timeout=2 if self._process.returncode == 0 else 0)[1]
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=_END_SECONDS)


def _descendants(process: int) -> list[psutil.Process]:
    try:
        return psutil.Process(process).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _packed(documents: Sequence[Document]) -> Any:
    return _DOCUMENTS.dump_python(list(documents), mode="json")


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
