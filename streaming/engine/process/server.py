"""The engine's server: one process an executor and model, which Spark's workers find by its folder and talk to.

It listens first and loads then. It ends when its executor does, when the model cannot be loaded, on SIGTERM, or when
its one user says so; the child, which holds its other end of a pipe, ends with it whatever happens.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streaming.engine.model.memory import available_bytes
from streaming.engine.process import folder, owner
from streaming.engine.process.connection import Connection
from streaming.engine.process.folder import EngineFolder
from streaming.engine.process.ledger import Death, Entry, Ledger
from streaming.engine.process.native import NativeProcess
from streaming.engine.process.report import EngineReport, Rates
from streaming.engine.process.watchdog import Watchdog
from streaming.engine.process.wire import BadFrame, Frame, pack, read
from streaming.errors import EngineError
from streaming.protocol import EngineStatus

# A worker says its secret at once; whoever does not within this is none.
_HELLO_SECONDS = 5
_LONGEST_HELLO = 1024
# A child that has died so often with nothing done, while it loaded or idled, will the next time.
_DEATHS = 3
# What a child has besides the engine: Python, its modules, llama.cpp's own. 35 MB before the model is loaded.
_PROCESS_BYTES = 64_000_000
# How often the server looks whether its folder is still its own.
_TEND_SECONDS = 60
# Between two lines of a log on a model that loads for minutes.
_SAY_SECONDS = 10
# What an engine does that has not said what it does.
_IDLE = EngineStatus(0, 0, 0, 0, 0, 0.0)


@dataclass(frozen=True)
class Spec:
    """What the server is started with, as JSON on its standard input.

    `recipe` says what the child loads, `owner` is the executor's process id and `owner_descriptor` what becomes
    readable at its end, `stall` the seconds that one native call may take, `memory` the bytes that the child may use,
    if that is less than what is free.
    """

    recipe: Frame
    folder: str
    owner: int
    owner_descriptor: int | None
    stall: float
    memory: int | None


class Server:
    """Serves the workers of an executor until it ends."""

    def __init__(self, spec: Spec, place: EngineFolder) -> None:
        self._spec, self._place, self._secret = spec, place, place.secret()
        self._ledger = Ledger(send=self._send, cancel=self._cancel)
        self._clients: set[Connection] = set()
        self._native: NativeProcess | None = None
        self._end = asyncio.Event()
        self._loading: float | None = 0.0
        self._ready: Frame | None = None
        self._status = _IDLE
        self._began = self._said = time.monotonic()
        self._rates = Rates()
        self._loads = self._deaths = self._answered = 0
        # Not what is free later: by then the engine itself has taken its part.
        self._memory = min(available_bytes(), sys.maxsize if spec.memory is None else spec.memory + _PROCESS_BYTES)

    async def run(self) -> None:
        """Serve until the end."""
        loop = asyncio.get_running_loop()
        owner.on_end(loop, self._spec.owner, self._spec.owner_descriptor, self._end.set)
        loop.add_signal_handler(signal.SIGTERM, self._end.set)
        listening = await asyncio.start_unix_server(self._meet, str(self._place.socket))
        self._place.mark("pid", os.getpid())
        # Whoever started this process waits for this line.
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        tending = asyncio.create_task(self._tend())
        keeping = asyncio.create_task(self._keep_child())
        ending = asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait({keeping, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.close()
            ending.cancel()
            tending.cancel()
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            if self._native is not None:
                self._native.kill("ended")
                await self._native.death()
            for client in list(self._clients):
                await client.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, if it knows the secret; else end it without a word."""
        try:
            hello = await asyncio.wait_for(read(reader, largest=_LONGEST_HELLO), _HELLO_SECONDS)
        except (BadFrame, TimeoutError, asyncio.TimeoutError):
            hello = None
        said = str((hello or {}).get("hello", ""))
        if not self._secret or not hmac.compare_digest(said.encode(), self._secret.encode()):
            writer.close()
            return
        client = Connection(reader, writer)
        self._clients.add(client)
        try:
            client.tell({"ready": self._ready} if self._ready else {"loading": self._loading})
            async for frame in client.frames():
                self._take(client, frame)
        except BadFrame as error:
            _say(f"a worker sent {error}; its connection is closed")
        finally:
            self._clients.discard(client)
            for entry in client.gone():
                self._ledger.give_up(entry)
            await client.close()

    def _take(self, client: Connection, frame: Frame) -> None:
        """Do what a worker asks for."""
        wanted, number = frame.get("do"), frame.get("id")
        if wanted == "end" or (wanted == "yield" and not len(self._ledger)):
            # Idle workers may be connected still; whoever needs this engine again starts it again.
            self._end.set()
        elif wanted == "report":
            client.reply(number, {"done": pack(self._report())})
        elif wanted == "cancel":
            if given_up := client.forget(number):
                self._ledger.give_up(given_up)
        elif wanted in ("generate", "count"):
            entry = client.request(frame)
            self._ledger.add(entry)
            if (seconds := frame.get("seconds")) is not None:
                client.expires(entry, seconds, self._ledger.expire)
        elif wanted == "yield":
            client.reply(number, {"done": {}})
        else:
            raise BadFrame("a request that is none")

    def _send(self, entry: Entry) -> None:
        if self._native is not None:
            self._native.send({**entry.request, "id": entry.number})

    def _cancel(self, entry: Entry) -> None:
        if self._native is not None:
            self._native.send({"id": entry.number, "do": "cancel"})

    async def _keep_child(self) -> None:
        """Have a child as long as the server lives; returns when none can be had."""
        failures = 0
        while failures < _DEATHS:
            self._began = self._said = time.monotonic()
            self._native = native = await NativeProcess.start(self._spec.recipe)
            self._place.mark("child", native.pid)
            answered = self._answered
            watchdog = Watchdog(stall=self._spec.stall, memory=self._memory, now=self._began)
            watching = asyncio.create_task(self._watch(native, watchdog))
            try:
                async for frame in native.frames():
                    if sentence := frame.get("failed"):
                        self._fail(sentence)
                        return
                    watchdog.heard(time.monotonic())
                    self._hear(native, frame)
            except BadFrame:
                native.kill("ended")
            finally:
                watching.cancel()
            death = await native.death()
            named = self._mourn(death)
            # Deaths that come of requests end: each is tried alone, and named then.
            failures = 0 if named or self._answered > answered else failures + 1
        remedy = "; lower --slots or --context, or raise engine_memory" if death.cause == "memory" else ""
        self._fail(f"The engine {death}, {_DEATHS} times in a row with nothing done between{remedy}.")

    def _hear(self, native: NativeProcess, frame: Frame) -> None:
        """Take in what the child says."""
        if (number := frame.get("id")) is not None:
            if "native" in frame:
                self._ledger.native(number, frame["native"])
            elif "cancelled" in frame:
                self._ledger.cancelled(number)
            else:
                self._answered += 1
                self._ledger.answered(number, frame)
        elif "status" in frame:
            self._status = EngineStatus(**frame["status"])
            self._rates.add(self._status)
        elif "loading" in frame:
            self._loading = frame["loading"]
            self._tell_all(frame)
            if time.monotonic() - self._said > _SAY_SECONDS:
                _say(f"{self._loading:.0%} of the model is loaded")
                self._said = time.monotonic()
        elif "ready" in frame:
            self._loads += 1
            self._loading, self._ready = None, frame["ready"]
            _say(f"model loaded in {time.monotonic() - self._began:.1f} s by process {native.pid} (load {self._loads})")
            self._tell_all({"ready": self._ready})
            self._ledger.child_ready()

    async def _tend(self) -> None:
        """Keep the folder; when it is not this process's any more, end with the last worker."""
        while True:
            await asyncio.sleep(_TEND_SECONDS)
            if self._place.pids()[:1] == [os.getpid()] and self._place.secret() == self._secret:
                self._place.touch()
            elif not self._clients:
                self._end.set()

    async def _watch(self, native: NativeProcess, watchdog: Watchdog) -> None:
        """End a child that hangs or outgrows its memory."""
        while True:
            await asyncio.sleep(watchdog.pause)
            cause = watchdog.look(
                time.monotonic(),
                loading=self._loading is not None,
                stalled=self._status.stalled,
                memory=native.memory,
            )
            if cause is not None:
                native.kill(cause)

    def _mourn(self, death: Death) -> bool:
        """Take note of a death; tells whether a request was to blame, or may be."""
        self._deaths += 1
        self._status, self._loading = _IDLE, 0.0
        self._rates.forget()
        tried, suspects = self._ledger.suspects, self._ledger.child_died(death)
        _say(f"the engine {death}; it is started again, and {suspects} requests are tried one at a time")
        return suspects > 0 or tried > suspects

    def _fail(self, sentence: str) -> None:
        # Not logged here: each worker raises it.
        self._tell_all({"failed": sentence})
        self._ledger.fail_all(EngineError(sentence))

    def _tell_all(self, frame: Frame) -> None:
        for client in self._clients:
            client.tell(frame)

    def _report(self) -> EngineReport:
        native, status = self._native, self._status
        prompt_rate, completion_rate = self._rates.rates()
        fields = self._spec.recipe["fields"]
        return EngineReport(
            model=fields.get("model", {}).get("name", "unnamed"),
            server=os.getpid(),
            child=native.pid if native else None,
            executor=self._spec.owner,
            loading=self._loading,
            # Whoever asks for this is none.
            workers=len(self._clients) - 1,
            requests=len(self._ledger),
            suspects=self._ledger.suspects,
            **pack(status),
            prompt_rate=prompt_rate,
            completion_rate=completion_rate,
            memory=native.memory if native else 0,
            memory_limit=self._memory,
            loads=self._loads,
            deaths=self._deaths,
        )


def _say(sentence: str) -> None:
    """Log a sentence: standard error is that of the worker that started this process, which Spark logs."""
    with suppress(OSError):
        sys.stderr.write(f"gistream: {sentence}\n")
        sys.stderr.flush()


def main() -> None:
    """Serve as standard input says, and leave nothing behind."""
    spec = Spec(**json.load(sys.stdin))
    place = EngineFolder(Path(spec.folder))
    try:
        asyncio.run(Server(spec, place).run())
    finally:
        with folder.locked():
            # Unless somebody has it again already.
            if place.pids()[:1] == [os.getpid()]:
                place.remove()


if __name__ == "__main__":
    main()
