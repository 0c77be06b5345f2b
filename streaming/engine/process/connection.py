"""One worker's connection to the server: its requests, its answers, its deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from streaming.engine.process.ledger import Entry
from streaming.engine.process.wire import Frame, encode, pack_error, read

_CLOSE_SECONDS = 2


class Connection:
    """A worker that has said the secret."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        # By the worker's own numbers, until they are answered.
        self._entries: dict[Any, Entry] = {}
        self._timers: dict[Any, asyncio.TimerHandle] = {}

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield what the worker says, until it goes. Raises `BadFrame`."""
        while (frame := await read(self._reader)) is not None:
            yield frame

    def request(self, frame: Frame) -> Entry:
        """Return the entry of a request, which will be answered here."""
        number = frame.get("id")
        entry = Entry(frame, partial(self._answer, number))
        self._entries[number] = entry
        return entry

    def expires(self, entry: Entry, seconds: float, expire: Callable[[Entry], None]) -> None:
        """Have `expire` called with a request in `seconds` from now, unless it is answered before."""
        self._timers[entry.request.get("id")] = asyncio.get_running_loop().call_later(seconds, expire, entry)

    def forget(self, number: Any) -> Entry | None:
        """Return the request of this number, which is not to be answered any more; None when it has been."""
        if timer := self._timers.pop(number, None):
            timer.cancel()
        return self._entries.pop(number, None)

    def reply(self, number: Any, result: Frame) -> None:
        """Answer a request."""
        self.tell({"id": number, **result})

    def tell(self, frame: Frame) -> None:
        """Send a frame; one who has gone does not get it."""
        if not self._writer.is_closing():
            self._writer.write(encode(frame))

    def gone(self) -> list[Entry]:
        """Forget everything; returns what had not been answered."""
        left = list(self._entries.values())
        for timer in self._timers.values():
            timer.cancel()
        self._entries.clear()
        self._timers.clear()
        return left

    async def close(self) -> None:
        """Close the connection when everything has been sent; whoever does not read is not waited for."""
        self._writer.close()
        try:
            await asyncio.wait_for(self._writer.wait_closed(), _CLOSE_SECONDS)
        except (OSError, asyncio.TimeoutError):
            self._writer.transport.abort()

    def _answer(self, number: Any, result: Frame | Exception) -> None:
        self.forget(number)
        if isinstance(result, Exception):
            result = {"error": pack_error(result)}
        self.reply(number, {name: value for name, value in result.items() if name != "id"})
