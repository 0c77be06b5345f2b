"""The child: the one process with the weights. It computes what the server asks for, and may die of it.

Standard input and output are pipes to the server; the end of the first ends this process, whatever it is doing.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from streaming.engine.process.recipe import unpack_recipe
from streaming.engine.process.wire import (
    Frame,
    encode,
    pack,
    pack_error,
    read_blocking,
    unpack_messages,
    unpack_request,
)
from streaming.errors import EngineError
from streaming.protocol import Engine, Message

# A system that runs out of memory takes the process with the highest score: this one, which is started again, rather
# than the executor's JVM. -1000 is never, 1000 is first.
_OUT_OF_MEMORY_SCORE = "500"
# How often the server hears that this process still runs, in seconds.
_PULSE_SECONDS = 0.5


class Child:
    """Serves the server's requests with an engine in this process."""

    def __init__(self, out: int) -> None:
        self._out = out
        # Lanes say for themselves what they begin to work on, right before they do.
        self._writing = threading.Lock()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        # When each count that runs now began; the engine knows of its generations only.
        self._counting: dict[int, float] = {}

    async def run(self) -> None:
        """Load the engine that the first frame names, and serve until the server is gone."""
        requests: asyncio.Queue[Frame] = asyncio.Queue()
        # A thread of its own, which hears of the server's end also while this one is in native code.
        listening = threading.Thread(
            target=self._listen, args=(asyncio.get_running_loop(), requests), name="gistream-listen", daemon=True
        )
        listening.start()
        recipe = unpack_recipe(await requests.get())
        try:
            engine = await asyncio.to_thread(recipe.load, self._tell_loading)
        except EngineError as error:
            self._say({"failed": str(error)})
            return
        self._say({"ready": {"context": engine.context, "slots": engine.slots}})
        # Neither ends but by an error, which then ends the process.
        await asyncio.gather(self._pulse(engine), self._serve(engine, requests))

    async def _serve(self, engine: Engine, requests: asyncio.Queue[Frame]) -> None:
        while True:
            self._begin(engine, await requests.get())

    def _listen(self, loop: asyncio.AbstractEventLoop, requests: asyncio.Queue[Frame]) -> None:
        """Hand on what the server says; end this process when it is gone, whatever the others are doing."""
        with os.fdopen(0, "rb", closefd=False) as pipe:
            while (frame := read_blocking(pipe)) is not None:
                loop.call_soon_threadsafe(requests.put_nowait, frame)
        os._exit(0)

    def _tell_loading(self, share: float) -> None:
        self._say({"loading": round(share, 2)})

    async def _pulse(self, engine: Engine) -> None:
        while True:
            status = engine.status()
            counting = max((time.monotonic() - began for began in list(self._counting.values())), default=0.0)
            self._say({"status": pack(replace(status, stalled=max(status.stalled, counting)))})
            await asyncio.sleep(_PULSE_SECONDS)

    def _begin(self, engine: Engine, frame: Frame) -> None:
        number = frame["id"]
        if frame["do"] == "cancel":
            if task := self._tasks.get(number):
                task.cancel()
            return
        task = asyncio.create_task(self._answer(engine, frame))
        self._tasks[number] = task
        task.add_done_callback(partial(self._ended, number))

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        if task.cancelled():
            # Before it had begun: else it says so itself.
            self._say({"id": number, "cancelled": True})

    async def _answer(self, engine: Engine, frame: Frame) -> None:
        """Do one request and say what came of it; whatever that is, the server hears of it."""
        number = frame["id"]
        answer: Frame
        try:
            answer = {"done": await self._do(engine, frame)}
        except asyncio.CancelledError:
            answer = {"cancelled": True}
        except Exception as error:  # noqa: BLE001 - a library's failure on one request must not end the others
            answer = {"error": pack_error(error)}
            try:
                engine.status()
            except EngineError as failure:
                # All of it has failed, and would from now on. Ending without an answer, this process is started again,
                # and the server finds out whose fault it was.
                sys.stderr.write(f"gistream: {failure}\n")
                sys.stderr.flush()
                os._exit(1)
        self._say({"id": number, **answer})

    async def _do(self, engine: Engine, frame: Frame) -> Frame:
        if frame["do"] == "count":
            return {"count": await self._count(engine, frame["id"], unpack_messages(frame["messages"]))}
        return pack(await engine.generate(unpack_request(frame), on_native=partial(self._tell_native, frame["id"])))

    async def _count(self, engine: Engine, number: int, messages: list[Message]) -> int:
        def count() -> int:
            # Not before: it may have to wait for a thread, and be called off meanwhile.
            self._counting[number] = time.monotonic()
            self._tell_native(number, True)
            try:
                return engine.count(messages)
            finally:
                # Here, because nobody can call off native code: a caller that has gone does not end it.
                del self._counting[number]
                self._tell_native(number, False)

        # Not in this thread, which says that the process is alive.
        return await asyncio.to_thread(count)

    def _tell_native(self, number: int, working: bool) -> None:
        self._say({"id": number, "native": working})

    def _say(self, frame: Frame) -> None:
        """Write a frame, from any thread; it is with the system when this returns, whatever happens next."""
        raw = memoryview(encode(frame))
        with self._writing:
            while raw:
                raw = raw[os.write(self._out, raw) :]


def main() -> None:
    """Serve the pipes that standard input and output are."""
    # Says in Spark's log where a crash was; it prints names of functions, nothing of what they worked on.
    faulthandler.enable()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OUT_OF_MEMORY_SCORE)
    # What a library prints must not be taken for a frame.
    out = os.dup(1)
    os.dup2(2, 1)
    with suppress(BrokenPipeError):
        asyncio.run(Child(out).run())
    # Not by way of the interpreter's end, which waits for threads in native code.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
