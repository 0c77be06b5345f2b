"""A worker's side: the protocol's engine, which asks the executor's engine process.

All talking is done by one thread with a loop of its own, because Spark's tasks come and go, each with its loop, and the
connection stays. A server that was killed is started again, and what it had not answered is asked again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import count
from os import getpid
from typing import Any, TypeVar

from streaming.engine.process.report import EngineReport
from streaming.engine.process.starting import Launch, find_or_start, reap, wait_for_end
from streaming.engine.process.wire import Frame, encode, pack_messages, pack_request, read, unpack_error
from streaming.errors import DeadlineExceeded, EngineError
from streaming.protocol import EngineStatus, Generation, GenerationRequest, Message

# Servers run no native code, so only somebody outside ends one. Somebody who does it all the time means it.
_ATTEMPTS = 5
Answer = TypeVar("Answer")


class _Lost(Exception):
    """The server has gone."""


class _Link:
    """A connection to the server, with what has been asked over it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tell: Callable[[float], None]):
        self._reader, self._writer, self._tell = reader, writer, tell
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[Frame]] = {}
        self.ready: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.reading = asyncio.create_task(self._read())

    @property
    def lost(self) -> bool:
        """Whether the server has gone."""
        return self.reading.done()

    async def ask(self, request: Frame) -> Frame:
        """Send a request and return its answer; raises the errors of the protocol, and `_Lost`."""
        if self.lost:
            raise _Lost
        number = next(self._numbers)
        self._asked[number] = answer = asyncio.get_running_loop().create_future()
        self.send({"id": number, **request})
        try:
            frame = await answer
        except asyncio.CancelledError:
            self.send({"id": number, "do": "cancel"})
            raise
        finally:
            del self._asked[number]
        if "error" in frame:
            raise unpack_error(frame["error"])
        done: Frame = frame["done"]
        return done

    def send(self, frame: Frame) -> None:
        """Send a frame; a server that has gone does not get it."""
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
            while (frame := await read(self._reader)) is not None:
                self._hear(frame)
        finally:
            self._writer.close()
            for waiting in (self.ready, *self._asked.values()):
                if not waiting.done():
                    waiting.set_exception(_Lost())
            # Nobody may have asked whether it is ready.
            self.ready.exception()

    def _hear(self, frame: Frame) -> None:
        if (number := frame.get("id")) is not None:
            answer = self._asked.get(number)
            if answer is not None and not answer.done():
                answer.set_result(frame)
        elif "loading" in frame:
            self._tell(frame["loading"])
        elif not self.ready.done():
            if "ready" in frame:
                self.ready.set_result(frame["ready"])
            elif "failed" in frame:
                self.ready.set_exception(EngineError(frame["failed"]))


class ProcessEngine:
    """The executor's engine process; see `streaming.protocol.Engine`."""

    def __init__(self, launch: Launch, tell: Callable[[float], None] | None) -> None:
        """Connect to the engine process of the executor that owns it; see `ProcessRecipe.load`."""
        self._launch, self._tell = launch, tell
        self._link: _Link | None = None
        self._linking = asyncio.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gistream-engine-client", daemon=True)
        self._thread.start()
        try:
            facts = self._wait(self._until_ready())
        except BaseException:
            self.close()
            raise
        self._context, self._slots = int(facts["context"]), int(facts["slots"])

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
        asked = asyncio.run_coroutine_threadsafe(self._ask(frame, request.deadline), loop)
        return Generation(**await asyncio.wrap_future(asked))

    def count(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt in tokens."""
        return int(self._wait(self._ask({"do": "count", "messages": pack_messages(messages)}))["count"])

    def status(self) -> EngineStatus:
        """Say what the engine process is doing now, for all workers."""
        return EngineReport(**self._wait(self._ask({"do": "report"}))).status

    def close(self) -> None:
        """Leave the engine process, and end it when it is this process's own; idempotent."""
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
                    raise DeadlineExceeded("the deadline passed before the generation ended")
            return await link.ask(request)

        return await self._with_server(ask)

    async def _until_ready(self) -> Frame:
        async def wait(link: _Link) -> Frame:
            return await asyncio.shield(link.ready)

        return await self._with_server(wait)

    async def _with_server(self, work: Callable[[_Link], Awaitable[Frame]]) -> Frame:
        """Do something that needs the server; again, when it is lost meanwhile."""
        for _ in range(_ATTEMPTS):
            try:
                return await work(await self._linked())
            except _Lost:
                continue
        raise EngineError(f"The engine's process was ended from outside {_ATTEMPTS} times; what ends it?")

    async def _linked(self) -> _Link:
        """Return the connection to the server, which is started when it is not there."""
        async with self._linking:
            if self._link is None or self._link.lost:
                place = await asyncio.to_thread(find_or_start, self._launch)
                try:
                    reader, writer = await asyncio.open_unix_connection(str(place.socket))
                except OSError as error:
                    # It listened a moment ago.
                    raise _Lost from error
                self._link = _Link(reader, writer, self._told)
                self._link.send({"hello": place.secret()})
            return self._link

    def _told(self, share: float) -> None:
        if self._tell is not None:
            try:
                self._tell(share)
            except BaseException:  # noqa: BLE001 - also what a library raises on a closed terminal must not end the loop
                self._tell = None

    async def _leave(self) -> None:
        # First nobody asks any more: who finds the server gone would start another.
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        link, asking = self._link, [task for task in others if self._link is None or task is not self._link.reading]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
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
