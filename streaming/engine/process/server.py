"""The engine's server: one process for each executor and model; Spark's workers find it by its folder and talk to it.

It listens first, and loads the model then. It ends when its executor ends, when the model cannot be loaded, on SIGTERM,
or when its only user asks for it. The child holds the other end of a pipe, so it ends with the server in any case.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streaming.engine.model.memory import available_bytes
from streaming.engine.process.caller import Caller
from streaming.engine.process.connection import Connection
from streaming.engine.process.folder import EngineFolder, locked
from streaming.engine.process.ledger import Death, Entry, Ledger
from streaming.engine.process.native import NativeProcess
from streaming.engine.process.owner import watch_owner
from streaming.engine.process.report import EngineReport, Rates
from streaming.engine.process.watchdog import Watchdog
from streaming.engine.process.wire import BadFrame, Frame, pack
from streaming.engine.process.workers import Workers
from streaming.errors import EngineError
from streaming.protocol import EngineStatus
from streaming.wording import counted

# A child that died so often without an answer, while it loaded or idled, would die the next time, too.
_DEATHS = 3
# Memory of a child besides the engine: Python, its modules, llama.cpp's own. 35 MB before the model is loaded.
_PROCESS_BYTES = 64_000_000
# Seconds between two checks whether the folder still belongs to this server.
_TEND_SECONDS = 60
# Seconds between two log lines on a model that loads for minutes.
_LOG_SECONDS = 10
# The status of an engine that has sent none.
_IDLE = EngineStatus(0, 0, 0, 0, 0, 0.0)


@dataclass(frozen=True)
class Spec:
    """The start parameters of a server, which it reads as JSON from its standard input.

    `recipe` is the engine that the child loads, `folder` the path of the engine's folder, `owner` the executor's
    process id, and `owner_descriptor` becomes readable when the executor ends. `stall` is how many seconds one native
    call may take. `memory` is how many bytes the child may use, if that is less than the free memory. `caller` are the
    fields of the program's `Caller` for whose documents the server was started.
    """

    recipe: Frame
    folder: str
    owner: int
    owner_descriptor: int | None
    stall: float
    memory: int | None
    caller: Frame | None


class Server:
    """Serves the workers of an executor until it ends."""

    def __init__(self, spec: Spec, folder: EngineFolder) -> None:
        self._spec, self._folder, self._secret = spec, folder, folder.secret()
        self._ledger = Ledger(send=self._send, cancel=self._cancel)
        self._workers = Workers(
            self._secret,
            greeting=self._greeting,
            on_request=self._on_request,
            on_gone=self._ledger.give_up,
            on_bad_frame=lambda error: _log(f"a worker sent {error}; its connection is closed"),
        )
        self._child: NativeProcess | None = None
        self._end = asyncio.Event()
        # The share of the model that is loaded, None when the model is loaded.
        self._loading: float | None = 0.0
        self._ready: Frame | None = None
        self._status = _IDLE
        self._load_began = self._last_log = time.monotonic()
        self._rates = Rates()
        self._loads = self._deaths = self._answers = 0
        # Computed now, because the free memory shrinks when the engine is loaded.
        self._memory_limit = min(
            available_bytes(), sys.maxsize if spec.memory is None else spec.memory + _PROCESS_BYTES
        )

    async def run(self) -> None:
        """Serve until the end."""
        loop = asyncio.get_running_loop()
        watch_owner(loop, self._spec.owner, self._spec.owner_descriptor, self._end.set)
        loop.add_signal_handler(signal.SIGTERM, self._end.set)
        listening = await asyncio.start_unix_server(self._workers.serve, str(self._folder.socket))
        self._folder.mark("pid", os.getpid())
        # The process that started this one waits for this line.
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        tending = asyncio.create_task(self._tend_folder())
        children = asyncio.create_task(self._run_children())
        ending = asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait({children, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.close()
            ending.cancel()
            tending.cancel()
            children.cancel()
            with suppress(asyncio.CancelledError):
                await children
            if self._child is not None:
                self._child.kill("ended")
                await self._child.death()
            await self._workers.close()

    def _greeting(self) -> Frame:
        return {"ready": self._ready} if self._ready else {"loading": self._loading}

    def _on_request(self, connection: Connection, frame: Frame) -> None:
        """Start the action that a worker requests. Raises `BadFrame`."""
        action, number = frame.get("do"), frame.get("id")
        if action == "end" or (action == "yield" and not len(self._ledger)):
            # Idle workers may still be connected; a worker that needs this engine again starts it again.
            self._end.set()
        elif action == "report":
            connection.reply(number, {"done": pack(self._report())})
        elif action == "cancel":
            if cancelled := connection.forget(number):
                self._ledger.give_up(cancelled)
        elif action in ("generate", "count"):
            entry = connection.request(frame)
            self._ledger.add(entry)
            if (seconds := frame.get("seconds")) is not None:
                connection.set_deadline(entry, seconds, self._ledger.expire)
        elif action == "yield":
            connection.reply(number, {"done": {}})
        else:
            raise BadFrame("an unknown request")

    def _send(self, entry: Entry) -> None:
        if self._child is not None:
            self._child.send({**entry.request, "id": entry.number})

    def _cancel(self, entry: Entry) -> None:
        if self._child is not None:
            self._child.send({"id": entry.number, "do": "cancel"})

    async def _run_children(self) -> None:
        """Run a child as long as the server lives, and start it again when it dies; return when no child can run."""
        failures = 0
        while failures < _DEATHS:
            self._load_began = self._last_log = time.monotonic()
            self._child = child = await NativeProcess.start(self._spec.recipe)
            self._folder.mark("child", child.pid)
            answers = self._answers
            watchdog = Watchdog(stall=self._spec.stall, memory=self._memory_limit, now=self._load_began)
            watching = asyncio.create_task(self._watch(child, watchdog))
            try:
                async for frame in child.frames():
                    if reason := frame.get("failed"):
                        self._fail(reason)
                        return
                    watchdog.on_frame(time.monotonic())
                    self._on_child_frame(child, frame)
            except BadFrame:
                child.kill("ended")
            finally:
                watching.cancel()
            death = await child.death()
            blamed = self._on_child_died(death)
            # Deaths because of requests come to an end: each suspect is tried alone, and blamed then.
            failures = 0 if blamed or self._answers > answers else failures + 1
        remedy = "; lower --slots or --context, or raise engine_memory" if death.cause == "memory" else ""
        self._fail(f"The engine {death}, {_DEATHS} times in a row with nothing done between{remedy}.")

    def _on_child_frame(self, child: NativeProcess, frame: Frame) -> None:
        if (number := frame.get("id")) is not None:
            if "native" in frame:
                self._ledger.on_native(number, frame["native"])
            elif "cancelled" in frame:
                self._ledger.on_cancelled(number)
            else:
                self._answers += 1
                self._ledger.on_answer(number, frame)
        elif "status" in frame:
            self._status = EngineStatus(**frame["status"])
            self._rates.add(self._status)
        elif "loading" in frame:
            self._loading = frame["loading"]
            self._workers.send(frame)
            if time.monotonic() - self._last_log > _LOG_SECONDS:
                _log(f"{self._loading:.0%} of the model is loaded")
                self._last_log = time.monotonic()
        elif "ready" in frame:
            self._loads += 1
            self._loading, self._ready = None, frame["ready"]
            seconds = time.monotonic() - self._load_began
            _log(f"model loaded in {seconds:.1f} s by process {child.pid} (load {self._loads})")
            self._workers.send({"ready": self._ready})
            self._ledger.on_child_ready()

    async def _tend_folder(self) -> None:
        """Keep the folder young; when it does not belong to this server any more, end with the last worker."""
        while True:
            await asyncio.sleep(_TEND_SECONDS)
            if self._folder.pids()[:1] == [os.getpid()] and self._folder.secret() == self._secret:
                self._folder.touch()
            elif not self._workers:
                self._end.set()

    async def _watch(self, child: NativeProcess, watchdog: Watchdog) -> None:
        """End a child that hangs or outgrows its memory."""
        while True:
            await asyncio.sleep(watchdog.pause)
            cause = watchdog.check(
                time.monotonic(),
                loading=self._loading is not None,
                stalled=self._status.stalled,
                memory=child.memory,
            )
            if cause is not None:
                child.kill(cause)

    def _on_child_died(self, death: Death) -> bool:
        """Pass a death on to the ledger; return whether a request is to blame, or may be."""
        self._deaths += 1
        self._status, self._loading = _IDLE, 0.0
        self._rates.clear()
        earlier, suspects = self._ledger.suspects, self._ledger.on_child_died(death)
        _log(f"the engine {death}; it is started again, and {counted(suspects, 'request')} tried alone")
        return suspects > 0 or earlier > suspects

    def _fail(self, reason: str) -> None:
        # Not logged here, because each worker raises the reason.
        self._workers.send({"failed": reason})
        self._ledger.fail_all(EngineError(reason))

    def _report(self) -> EngineReport:
        child, status = self._child, self._status
        prompt_rate, completion_rate = self._rates.rates()
        fields = self._spec.recipe["fields"]
        return EngineReport(
            model=fields.get("model", {}).get("name", "unnamed"),
            server=os.getpid(),
            child=child.pid if child else None,
            executor=self._spec.owner,
            loading=self._loading,
            # Without the connection that asks for this report.
            workers=len(self._workers) - 1,
            requests=len(self._ledger),
            suspects=self._ledger.suspects,
            **pack(status),
            prompt_rate=prompt_rate,
            completion_rate=completion_rate,
            memory=child.memory if child else 0,
            memory_limit=self._memory_limit,
            loads=self._loads,
            deaths=self._deaths,
            caller=Caller(**self._spec.caller) if self._spec.caller else None,
        )


def _log(sentence: str) -> None:
    """Write a line to standard error: that of the worker that started this process, which Spark logs."""
    with suppress(OSError):
        sys.stderr.write(f"gistream: {sentence}\n")
        sys.stderr.flush()


def main() -> None:
    """Serve as standard input specifies, and leave nothing behind."""
    spec = Spec(**json.load(sys.stdin))
    folder = EngineFolder(Path(spec.folder))
    try:
        asyncio.run(Server(spec, folder).run())
    finally:
        with locked():
            # Unless another server has the folder already.
            if folder.pids()[:1] == [os.getpid()]:
                folder.remove()


if __name__ == "__main__":
    main()
