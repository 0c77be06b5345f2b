"""The server of the dashboard: one thread with uvicorn, for as long as a context lasts."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import uvicorn

from consumers.dashboard.access import bracketed
from consumers.dashboard.app import Dashboard
from streaming.errors import MachineError, UsageError

# Connections that wait to be accepted.
_BACKLOG = 128
# How long a request that is being answered may take after the end was asked for.
_END_SECONDS = 2
_REASONS = {
    errno.EADDRINUSE: "something else listens there; take another --port, or --port 0 for any that is free",
    errno.EACCES: "this user may not; take a --port of 1024 or more",
    errno.EADDRNOTAVAIL: "this machine has no such address; name one of its own with --host",
}


@dataclass(frozen=True)
class Address:
    """A socket that listens, and what a browser opens."""

    listener: socket.socket
    url: str
    port: int


def listen(host: str, port: int) -> Address:
    """Listen on a host and a port, 0 for any that is free; raises `UsageError` when that cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise UsageError(f"--host '{host}' is no address of this machine, and no name of one.") from error
    listener = socket.socket(family, kind, protocol)
    try:
        # Not for a port that somebody listens on; for one whose last connections are only just closed.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = _REASONS.get(error.errno or 0, error.strerror)
        raise UsageError(f"The dashboard cannot listen on {bracketed(host)}:{port}: {reason}.") from error
    number = listener.getsockname()[1]
    return Address(listener, f"http://{_shown(host)}:{number}/", number)


@contextmanager
def serving(dashboard: Dashboard, address: Address) -> Iterator[threading.Event]:
    """Answer requests in a thread for as long as the context lasts; raises `MachineError`.

    Yields an event that is set when the server has ended by itself, which is a failure. Wait for it, not for the
    thread: in Python 3.11 a `join` that a signal interrupts takes the thread for ended.
    """
    config = uvicorn.Config(
        dashboard.app,
        http="h11",
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        # A header of a request decides nothing here.
        proxy_headers=False,
        timeout_graceful_shutdown=_END_SECONDS,
    )
    server = _Server(config, dashboard)
    thread = threading.Thread(target=server.run, args=([address.listener],), name="dashboard", daemon=True)
    thread.start()
    try:
        server.ready.wait()
        if not server.failed:
            yield server.ended
    finally:
        server.should_exit = True
        thread.join()
        address.listener.close()
    if server.failed:
        raise MachineError("The server of the dashboard failed; what it printed says why.")


class _Server(uvicorn.Server):
    """A server whose followers end with it: their streams have no end of their own."""

    def __init__(self, config: uvicorn.Config, dashboard: Dashboard) -> None:
        super().__init__(config)
        self._changes = dashboard.changes
        # Set when it answers, or never will.
        self.ready, self.ended = threading.Event(), threading.Event()
        self.failed = False

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            # uvicorn would end the process when its application cannot start.
            with suppress(SystemExit):
                super().run(sockets)
        finally:
            # Nobody asked for the end.
            self.failed = not self.should_exit or not self.started
            self.ready.set()
            self.ended.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._changes.end()
        await super().shutdown(sockets)


def _shown(host: str) -> str:
    """Return the host of an address that a browser opens; every address of this machine is also its own."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else bracketed(host)  # noqa: S104 - it is compared
