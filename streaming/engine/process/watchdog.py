"""Decides when a child must be ended: when it hangs in native code, or outgrows its memory. Ends nothing itself."""

from __future__ import annotations

from streaming.engine.process.ledger import Cause

# The longest time between two checks, in seconds; a hang is seen within a quarter of the allowed time.
_PAUSE = 1.0


class Watchdog:
    """Checks one child; all times are moments of `time.monotonic()`.

    One native call may take `stall` seconds, and the child may have `memory` bytes. A live child sends its status about
    every second, so silence for longer than `stall` is a hang, too.
    """

    def __init__(self, *, stall: float, memory: int, now: float) -> None:
        self._stall, self._memory = stall, memory
        self._last_frame = self._last_check = self._running_since = now

    @property
    def pause(self) -> float:
        """Seconds until the next check."""
        return min(_PAUSE, self._stall / 4)

    def on_frame(self, now: float) -> None:
        """Note that the child has sent a frame."""
        self._last_frame = now

    def check(self, now: float, *, loading: bool, stalled: float, memory: int) -> Cause | None:
        """Return why the child must be ended now, None when it need not.

        `stalled` is for how many seconds the child's longest native call has been running, `memory` its bytes. A child
        that is `loading` may take any time.
        """
        if now - self._last_check > self.pause + self._stall / 2:
            # The server was paused, too, as in a paused container; the clocks have run on meanwhile.
            self._running_since = now
        self._last_check = now
        hung = max(now - self._last_frame, stalled) > self._stall and now - self._running_since > self._stall
        if hung and not loading:
            return "hung"
        return "memory" if memory > self._memory else None
