"""The pace of `--rate`: a token bucket of one document, whose schedule does not drift."""

from __future__ import annotations

import time
from threading import Event

# Documents that are due within this time go together: a wait takes 0.1 ms of its own.
_SHORTEST_WAIT = 0.005
# A reader that was slower than the rate catches up with at most this many seconds' worth of documents.
_MOST_CATCHING_UP = 1.0


class Pace:
    """Lets `rate` documents a second pass; each one's time comes from the first, so late waits do not add up."""

    def __init__(self, rate: float, stopped: Event) -> None:
        """`stopped` ends a wait."""
        self._interval = 1 / rate
        self._stopped = stopped
        self._due = time.monotonic()

    def wait(self) -> None:
        """Wait until the next document is due."""
        now = time.monotonic()
        if (delay := self._due - now) > _SHORTEST_WAIT:
            self._stopped.wait(delay)
        self._due = max(self._due, now - _MOST_CATCHING_UP) + self._interval
