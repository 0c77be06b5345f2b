"""What followers share: the view's changes, told to all of them at once, and an overview made once a second."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict

from consumers.dashboard.answers import as_json
from consumers.live.view import LiveView

# How long the thread waits for a change before it looks whether the server ends.
_WAIT_SECONDS = 0.5
# How old an overview may be: its clock shows seconds.
_OVERVIEW_SECONDS = 1.0


class Changes:
    """Wakes the followers when the view has changed. One thread waits for the view, however many follow."""

    def __init__(self, view: LiveView) -> None:
        self._view = view
        self._changed, self._ended = asyncio.Event(), asyncio.Event()
        # Cursors of another process mean nothing here.
        self.process = secrets.token_hex(4)
        self.version = 0

    @property
    def ended(self) -> bool:
        """Whether the server ends."""
        return self._ended.is_set()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch the view for as long as the context lasts."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._watch, args=(loop,), name="dashboard-changes", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.end()
            await asyncio.to_thread(thread.join)

    async def wait(self, seen: int, seconds: float) -> None:
        """Wait until the version is another one than `seen` or the server ends, at most some seconds."""
        if self.version == seen and not self.ended:
            await _wait(self._changed, seconds)

    async def wait_end(self, seconds: float) -> None:
        """Wait until the server ends, at most some seconds."""
        await _wait(self._ended, seconds)

    def end(self) -> None:
        """Let all followers end, in the thread of the event loop."""
        self._ended.set()
        self._wake(self.version)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        version = self.version
        while not self.ended:
            now = self._view.wait_changed(version, _WAIT_SECONDS)
            if now != version:
                version = now
                loop.call_soon_threadsafe(self._wake, version)

    def _wake(self, version: int) -> None:
        self.version = version
        self._changed.set()
        self._changed = asyncio.Event()


class SharedOverview:
    """The overview as JSON, made at most once a second for all who ask."""

    def __init__(self, view: LiveView) -> None:
        self._view = view
        self._lock = asyncio.Lock()
        self._json, self._made_at = b"", -_OVERVIEW_SECONDS

    async def json(self) -> bytes:
        """Return the overview of now, or of less than a second ago."""
        async with self._lock:
            # A follower that wakes a moment early must not get the same one twice.
            if time.monotonic() - self._made_at > 0.9 * _OVERVIEW_SECONDS:
                self._json = await asyncio.to_thread(lambda: as_json(asdict(self._view.overview())))
                self._made_at = time.monotonic()
            return self._json


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
