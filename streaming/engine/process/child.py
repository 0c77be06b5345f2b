"""The child: the one process with the weights. It computes the server's requests, and may die of one.

Standard input and output are pipes to the server. The end of standard input ends this process in any state.
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
    read_frame_blocking,
    unpack_messages,
    unpack_request,
)
from streaming.errors import EngineError
from streaming.protocol import Engine, Message

# A system out of memory kills the process with the highest score, 1000 at most. It should kill this process, which is
# started again, rather than the executor's JVM.
_OUT_OF_MEMORY_SCORE = "500"
# Seconds between two frames of the status, which also show that this process still runs.
_STATUS_SECONDS = 0.5


class Child:
    """Serves the server's requests with an engine in this process."""

    def __init__(self, out: int) -> None:
        self._out = out
        # Each lane's thread sends a frame right before it begins to work on a request.
        self._writing = threading.Lock()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        # The start times of the counts that run now; the engine's status covers generations only.
        self._counts: dict[int, float] = {}

    async def run(self) -> None:
        """Load the engine of the first frame, and serve until the server is gone."""
        requests: asyncio.Queue[Frame] = asyncio.Queue()
        # A thread of its own notices the server's end also while this thread is in native code.
        listening = threading.Thread(
            target=self._listen, args=(asyncio.get_running_loop(), requests), name="gistream-listen", daemon=True
        )
        listening.start()
        recipe = unpack_recipe(await requests.get())
        try:
            engine = await asyncio.to_thread(recipe.load, self._send_progress)
        except EngineError as error:
            self._send({"failed": str(error)})
            return
        self._send({"ready": {"context": engine.context, "slots": engine.slots}})
        # Each ends only with an error, which then ends the process.
        await asyncio.gather(self._send_status(engine), self._serve(engine, requests))

    async def _serve(self, engine: Engine, requests: asyncio.Queue[Frame]) -> None:
        while True:
            self._start_task(engine, await requests.get())

    def _listen(self, loop: asyncio.AbstractEventLoop, requests: asyncio.Queue[Frame]) -> None:
        """Pass on the server's frames; end this process at once when the server is gone."""
        with os.fdopen(0, "rb", closefd=False) as pipe:
            while (frame := read_frame_blocking(pipe)) is not None:
                loop.call_soon_threadsafe(requests.put_nowait, frame)
        os._exit(0)

    def _send_progress(self, share: float) -> None:
        self._send({"loading": round(share, 2)})

    async def _send_status(self, engine: Engine) -> None:
        while True:
            status = engine.status()
            longest_count = max((time.monotonic() - start for start in list(self._counts.values())), default=0.0)
            self._send({"status": pack(replace(status, stalled=max(status.stalled, longest_count)))})
            await asyncio.sleep(_STATUS_SECONDS)

    def _start_task(self, engine: Engine, frame: Frame) -> None:
        number = frame["id"]
        if frame["do"] == "cancel":
            if task := self._tasks.get(number):
                task.cancel()
            return
        task = asyncio.create_task(self._answer(engine, frame))
        self._tasks[number] = task
        task.add_done_callback(partial(self._on_task_done, number))

    def _on_task_done(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        if task.cancelled():
            # It was cancelled before it began; a running task sends this frame itself.
            self._send({"id": number, "cancelled": True})

    async def _answer(self, engine: Engine, frame: Frame) -> None:
        """Compute one request, and send its answer or its error."""
        number = frame["id"]
        answer: Frame
        try:
            answer = {"done": await self._compute(engine, frame)}
        except asyncio.CancelledError:
            answer = {"cancelled": True}
        except Exception as error:  # noqa: BLE001 - a library's failure on one request must not end the others
            answer = {"error": pack_error(error)}
            try:
                engine.status()
            except EngineError as failure:
                # The whole engine has failed. This process ends without an answer, so that the server starts it again
                # and finds the request to blame.
                sys.stderr.write(f"gistream: {failure}\n")
                sys.stderr.flush()
                os._exit(1)
        self._send({"id": number, **answer})

    async def _compute(self, engine: Engine, frame: Frame) -> Frame:
        if frame["do"] == "count":
            return {"count": await self._count(engine, frame["id"], unpack_messages(frame["messages"]))}
        return pack(await engine.generate(unpack_request(frame), on_native=partial(self._send_native, frame["id"])))

    async def _count(self, engine: Engine, number: int, messages: list[Message]) -> int:
        def count() -> int:
            # Recorded only here, because the call may wait for a thread, and be cancelled meanwhile.
            self._counts[number] = time.monotonic()
            self._send_native(number, True)
            try:
                return engine.count(messages)
            finally:
                # Removed only here, because native code continues after a cancellation.
                del self._counts[number]
                self._send_native(number, False)

        # In another thread, because this one sends the status.
        return await asyncio.to_thread(count)

    def _send_native(self, number: int, working: bool) -> None:
        self._send({"id": number, "native": working})

    def _send(self, frame: Frame) -> None:
        """Write a frame, from any thread; the pipe has all of it when this returns, also if the process then dies."""
        raw = memoryview(encode(frame))
        with self._writing:
            while raw:
                raw = raw[os.write(self._out, raw) :]


def main() -> None:
    """Serve the pipes of standard input and output."""
    # Writes into Spark's log where a crash happened: names of functions, no text of documents.
    faulthandler.enable()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OUT_OF_MEMORY_SCORE)
    # The output of a library must not be read as a frame.
    out = os.dup(1)
    os.dup2(2, 1)
    with suppress(BrokenPipeError):
        asyncio.run(Child(out).run())
    # Without the interpreter's shutdown, which waits for threads in native code.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
