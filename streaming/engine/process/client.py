"""A worker's side: an engine of the protocol that sends its requests to the executor's engine process.

One thread with an event loop of its own does all communication, because Spark's tasks come and go, each with its loop,
and the connection stays. A server that was killed is started again, and requests without an answer are sent again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import count
from os import getpid
from typing import Any, TypeVar

from streaming.engine.process.report import unpack_report
from streaming.engine.process.starting import Launch, find_or_start, reap, wait_for_end
from streaming.engine.process.wire import Frame, encode, pack_messages, pack_request, read_frame, unpack_error
from streaming.errors import DeadlineExceeded, EngineError
from streaming.protocol import EngineStatus, Generation, GenerationRequest, Message

# Servers run no native code, so only a kill from outside ends one. Repeated kills are taken as intended.
_ATTEMPTS = 5
Answer = TypeVar("Answer")


class _ServerLost(Exception):
    """The server has gone."""


class _Link:
    """A connection to the server, with its open requests."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_progress: Callable[[float], None]
    ) -> None:
        self._reader, self._writer, self._on_progress = reader, writer, on_progress
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self.ready: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.reading = asyncio.create_task(self._read())

    @property
    def lost(self) -> bool:
        """Whether the server has gone."""
        return self.reading.done()

    async def ask(self, request: Frame) -> Frame:
        """Send a request and return its answer; raises the errors of the protocol, and `_ServerLost`."""
        if self.lost:
            raise _ServerLost
        number = next(self._numbers)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        self.send({"id": number, **request})
        try:
            frame = await answer
        except asyncio.CancelledError:
            self.send({"id": number, "do": "cancel"})
            raise
        finally:
            del self._answers[number]
        if "error" in frame:
            raise unpack_error(frame["error"])
        done: Frame = frame["done"]
        return done

    def send(self, frame: Frame) -> None:
        """Send a frame, unless the server has gone."""
        if not self._writer.is_closing():
            self._writer.write(encode(frame))

    async def end(self) -> None:
        """Wait until the server has closed the connection."""
        await asyncio.wait([self.reading])

    def close(self) -> None:
        """Close the connection."""
        self.reading.cancel()
        self._writer.close()

    async def _read(self) -> None:
        try:
            while (frame := await read_frame(self._reader)) is not None:
                self._on_frame(frame)
        finally:
            self._writer.close()
            for future in (self.ready, *self._answers.values()):
                if not future.done():
                    future.set_exception(_ServerLost())
            # Marks the exception as retrieved, because nobody may be waiting for `ready`.
            self.ready.exception()

    def _on_frame(self, frame: Frame) -> None:
        if (number := frame.get("id")) is not None:
            answer = self._answers.get(number)
            if answer is not None and not answer.done():
                answer.set_result(frame)
        elif "loading" in frame:
            self._on_progress(frame["loading"])
        elif not self.ready.done():
            if "ready" in frame:
                self.ready.set_result(frame["ready"])
            elif "failed" in frame:
                self.ready.set_exception(EngineError(frame["failed"]))


class ProcessEngine:
    """The executor's engine process; see `streaming.protocol.Engine`."""

    def __init__(self, launch: Launch, on_progress: Callable[[float], None] | None) -> None:
        """Connect to the engine process of the executor that owns it; see `ProcessRecipe.load`."""
        self._launch, self._on_progress = launch, on_progress
        self._link: _Link | None = None
        self._link_lock = asyncio.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gistream-engine-client", daemon=True)
        self._thread.start()
        try:
            ready = self._wait(self._until_ready())
        except BaseException:
            self.close()
            raise
        self._context, self._slots = int(ready["context"]), int(ready["slots"])

    @property
    def context(self) -> int:
        """Tokens that one sequence may hold."""
        return self._context

    @property
    def slots(self) -> int:
        """Sequences that are generated at once, for all workers."""
        return self._slots

    async def generate(
        self,
        request: GenerationRequest,
        *,
        on_native: Callable[[bool], None] | None = None,  # noqa: ARG002 - no native code runs in this process
    ) -> Generation:
        """Generate one completion; see `streaming.protocol.Engine.generate`."""
        loop = self._open_loop()
        frame = {"do": "generate", **pack_request(request)}
        answer = asyncio.run_coroutine_threadsafe(self._ask(frame, request.deadline), loop)
        return Generation(**await asyncio.wrap_future(answer))

    def count(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt in tokens."""
        return int(self._wait(self._ask({"do": "count", "messages": pack_messages(messages)}))["count"])

    def status(self) -> EngineStatus:
        """Return the current status of the engine process, for all workers."""
        return unpack_report(self._wait(self._ask({"do": "report"}))).status

    def close(self) -> None:
        """Disconnect from the engine process, and end it when this process owns it; idempotent."""
        if self._closed:
            return
        self._closed = True
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _open_loop(self) -> asyncio.AbstractEventLoop:
        if self._closed:
            raise EngineError("The engine is closed.")
        return self._loop

    def _wait(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        try:
            loop = self._open_loop()
        except EngineError:
            work.close()
            raise
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    async def _ask(self, request: Frame, deadline: float | None = None) -> Frame:
        async def ask(link: _Link) -> Frame:
            if deadline is not None:
                request["seconds"] = deadline - time.monotonic()
                if request["seconds"] <= 0:
                    raise DeadlineExceeded("the deadline passed before the generation ended; raise document_deadline")
            return await link.ask(request)

        return await self._with_server(ask)

    async def _until_ready(self) -> Frame:
        async def wait(link: _Link) -> Frame:
            return await asyncio.shield(link.ready)

        return await self._with_server(wait)

    async def _with_server(self, work: Callable[[_Link], Awaitable[Frame]]) -> Frame:
        """Await work that needs the server; repeat it when the server is lost meanwhile."""
        for _ in range(_ATTEMPTS):
            try:
                return await work(await self._linked())
            except _ServerLost:
                continue
        raise EngineError(f"The engine's process was ended from outside {_ATTEMPTS} times; what ends it?")

    async def _linked(self) -> _Link:
        """Return the connection to the server; start the server when there is none."""
        async with self._link_lock:
            if self._link is None or self._link.lost:
                folder = await asyncio.to_thread(find_or_start, self._launch)
                try:
                    reader, writer = await asyncio.open_unix_connection(str(folder.socket))
                except OSError as error:
                    # The server has ended since it was found.
                    raise _ServerLost from error
                self._link = _Link(reader, writer, self._report_progress)
                self._link.send({"hello": folder.secret()})
            return self._link

    def _report_progress(self, share: float) -> None:
        if self._on_progress is not None:
            try:
                self._on_progress(share)
            except BaseException:  # noqa: BLE001 - an error of a library, as on a closed terminal, must not end the loop
                self._on_progress = None

    async def _leave(self) -> None:
        # Open requests are cancelled first: a request that finds the server gone would start another one.
        link = self._link
        excluded = {asyncio.current_task(), None if link is None else link.reading}
        requests = [task for task in asyncio.all_tasks() if task not in excluded]
        for task in requests:
            task.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
        if link is not None:
            if self._launch.owner == getpid() and not link.lost:
                link.send({"do": "end"})
                await link.end()
            link.close()
            await asyncio.gather(link.reading, return_exceptions=True)
        if self._launch.owner == getpid():
            await asyncio.to_thread(wait_for_end, self._launch)
        await self._loop.shutdown_default_executor()
        reap()
