"""The workers that are connected to a server: let them in, read their requests, send to all of them."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable

from streaming.engine.process.connection import Connection
from streaming.engine.process.ledger import Entry
from streaming.engine.process.wire import BadFrame, Frame, read_frame

# A worker sends the secret at once; a peer that does not send it within these seconds is no worker.
_HELLO_SECONDS = 5
_MAX_HELLO_BYTES = 1024


class Workers:
    """All connections of workers that know the `secret`; an empty secret lets nobody in.

    `greeting` returns the first frame for a worker. `on_request` is called with each frame of a worker, `on_gone` with
    each request that is not answered when its worker has gone, `on_bad_frame` with the reason why a connection is
    closed. `on_request` may raise `BadFrame`.
    """

    def __init__(
        self,
        secret: str,
        *,
        greeting: Callable[[], Frame],
        on_request: Callable[[Connection, Frame], None],
        on_gone: Callable[[Entry], None],
        on_bad_frame: Callable[[BadFrame], None],
    ) -> None:
        self._secret, self._greeting = secret, greeting
        self._on_request, self._on_gone, self._on_bad_frame = on_request, on_gone, on_bad_frame
        self._connections: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._connections)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until its worker goes; a peer without the secret gets no answer."""
        if not await self._knows_secret(reader):
            writer.close()
            return
        connection = Connection(reader, writer)
        self._connections.add(connection)
        try:
            connection.send(self._greeting())
            async for frame in connection.frames():
                self._on_request(connection, frame)
        except BadFrame as error:
            self._on_bad_frame(error)
        finally:
            self._connections.discard(connection)
            for entry in connection.forget_all():
                self._on_gone(entry)
            await connection.close()

    def send(self, frame: Frame) -> None:
        """Send a frame to every worker."""
        for connection in self._connections:
            connection.send(frame)

    async def close(self) -> None:
        """Close all connections."""
        for connection in list(self._connections):
            await connection.close()

    async def _knows_secret(self, reader: asyncio.StreamReader) -> bool:
        try:
            hello = await asyncio.wait_for(read_frame(reader, max_bytes=_MAX_HELLO_BYTES), _HELLO_SECONDS)
        except (BadFrame, TimeoutError, asyncio.TimeoutError):
            hello = None
        secret = str((hello or {}).get("hello", ""))
        return bool(self._secret) and hmac.compare_digest(secret.encode(), self._secret.encode())
