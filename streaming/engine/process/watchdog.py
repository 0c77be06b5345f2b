"""When a child is to be ended: it hangs in native code, or it outgrows its memory. Decisions only."""

from __future__ import annotations

from streaming.engine.process.ledger import Cause

# The longest time between two looks, in seconds; a hang is seen within a quarter of what is allowed.
_PAUSE = 1.0


class Watchdog:
    """Looks after one child; all moments are of `time.monotonic()`.

    One native call may take `stall` seconds, and the child may have `memory` bytes. A child says what it does about
    every second, and none that is alive is silent for that long either.
    """

    def __init__(self, *, stall: float, memory: int, now: float) -> None:
        self._stall, self._memory = stall, memory
        self._heard = self._looked = self._since = now

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return min(_PAUSE, self._stall / 4)

    def heard(self, now: float) -> None:
        """The child has said something."""
        self._heard = now

    def look(self, now: float, *, loading: bool, stalled: float, memory: int) -> Cause | None:
        """Return why the child is to be ended now, None when it is well.

        `stalled` is for how long its longest native call has been running, `memory` what it has. A child that is
        `loading` may take its time.
        """
        if now - self._looked > self.pause + self._stall / 2:
            # The server was stopped, too, as in a container that is paused: the child's clocks have run on meanwhile.
            self._since = now
        self._looked = now
        hung = max(now - self._heard, stalled) > self._stall and now - self._since > self._stall
        if hung and not loading:
            return "hung"
        return "memory" if memory > self._memory else None
