"""One worker's connection to the server: its requests, its answers, its deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from streaming.engine.process.ledger import Entry
from streaming.engine.process.wire import Frame, encode, pack_error, read_frame

_CLOSE_SECONDS = 2


class Connection:
    """The connection of a worker that has sent the secret."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        # Open requests, by the worker's own numbers.
        self._entries: dict[Any, Entry] = {}
        self._timers: dict[Any, asyncio.TimerHandle] = {}

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield the worker's frames, until it goes. Raises `BadFrame`."""
        while (frame := await read_frame(self._reader)) is not None:
            yield frame

    def request(self, frame: Frame) -> Entry:
        """Return the entry of a request; its answer is sent over this connection."""
        number = frame.get("id")
        entry = Entry(frame, partial(self._answer, number))
        self._entries[number] = entry
        return entry

    def set_deadline(self, entry: Entry, seconds: float, on_deadline: Callable[[Entry], None]) -> None:
        """Have `on_deadline` called with a request in `seconds` from now, unless it is answered before."""
        self._timers[entry.request.get("id")] = asyncio.get_running_loop().call_later(seconds, on_deadline, entry)

    def forget(self, number: Any) -> Entry | None:
        """Return the open request of this number, and send no answer to it; None when it has been answered."""
        if timer := self._timers.pop(number, None):
            timer.cancel()
        return self._entries.pop(number, None)

    def forget_all(self) -> list[Entry]:
        """Return all open requests, and send no answer to them."""
        entries = list(self._entries.values())
        for timer in self._timers.values():
            timer.cancel()
        self._entries.clear()
        self._timers.clear()
        return entries

    def reply(self, number: Any, result: Frame) -> None:
        """Answer a request."""
        self.send({"id": number, **result})

    def send(self, frame: Frame) -> None:
        """Send a frame, unless the worker has gone."""
        if not self._writer.is_closing():
            self._writer.write(encode(frame))

    async def close(self) -> None:
        """Close the connection when everything has been sent; do not wait for a worker that does not read."""
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
