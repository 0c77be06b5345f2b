"""Keeps the threads of a live view alive, and says what went wrong in them.

A thread that ended would leave rows and numbers that look like those of now. After a failure that nobody expected its
work begins again, and the view says for an hour, as long as its numbers reach back, that something may be missing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from streaming.wording import duration

_log = logging.getLogger(__name__)
_SHOWN_SECONDS = 3600.0
# Before the work begins again: twice as long after each failure.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0


class Faults:
    """The last failure of the threads of a view; every method may be called from any thread."""

    def __init__(self, on_fault: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        """`on_fault` is called after each failure."""
        self._on_fault, self._clock = on_fault, clock
        # What failed, the type of the error, and when.
        self._last: tuple[str, str, float] | None = None

    @property
    def sentence(self) -> str | None:
        """What went wrong within the last hour; None when nothing did."""
        if self._last is None:
            return None
        work, kind, at = self._last
        ago = self._clock() - at
        if ago > _SHOWN_SECONDS:
            return None
        return (
            f"{work} failed {duration(ago)} ago ({kind}) and began again, so something may be missing here; "
            "what this command printed says why"
        )

    def repeat(self, work: str, body: Callable[[threading.Event], None], stopped: threading.Event) -> None:
        """Run `body` until `stopped`, again after each failure; `work` names what it does."""
        pause, told = _FIRST_PAUSE, set[str]()
        while not stopped.is_set():
            try:
                body(stopped)
            except Exception as error:  # noqa: BLE001 - a view whose thread has ended shows old rows as if they were new
                kind = type(error).__name__
                if kind not in told:
                    _log.error("%s failed, and begins again", work, exc_info=error)
                    told.add(kind)
                self._last = work, kind, self._clock()
                self._on_fault()
                stopped.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
