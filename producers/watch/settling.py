"""Files that may still be written: one is settled when it looked the same for some seconds.

Looks are compared with each other, and their distance is measured by a clock that nobody sets. So neither a wrong clock
of a file server nor one that is set back lets half a file through.
"""

from __future__ import annotations

from producers.watch.scan import FoundFile, Stamp

# Files that are waited for at a time, a bound on memory; a later scan finds the others.
MOST_WAITING = 10_000


class Settling:
    """The files that are waited for: the stamp of each, and since when it has been this one (in seconds)."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[str, tuple[Stamp | None, float]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, name: str) -> bool:
        return name in self._waiting

    @property
    def is_full(self) -> bool:
        """Whether no more files are taken for now."""
        return len(self._waiting) >= MOST_WAITING

    def look(self, name: str, file: FoundFile | None, now: float) -> bool:
        """Note what a file looks like now (None: it is gone), and return whether it has settled so."""
        stamp = file.stamp if file else None
        seen, since = self._waiting.setdefault(name, (stamp, now))
        if seen != stamp:
            self._waiting[name] = (stamp, now)
            return False
        return now - since >= self._seconds

    def due(self, now: float) -> list[str]:
        """Return the files that are to be looked at again, because their seconds have passed."""
        return [name for name, (_, since) in self._waiting.items() if now - since >= self._seconds]

    def forget(self, name: str) -> None:
        """Wait for a file no longer."""
        self._waiting.pop(name, None)
