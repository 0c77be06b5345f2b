"""Files that are no longer in the folder: whether it is certain that a user deleted them.

A file that is replaced is away for a moment, so it must be gone for as long as a new one must settle. A folder that is
not mounted looks empty: when all files are gone at once, nothing is deleted while the folder is empty, or is another
folder than the one in which they were.
"""

from __future__ import annotations

from collections.abc import Callable

from producers.watch.scan import WatchedFolder
from producers.watch.state import State
from streaming.wording import counted


class Vanished:
    """The files that are gone, and since when (in seconds); it listens to the scans."""

    def __init__(self, folder: WatchedFolder, state: State, settle: float, say: Callable[[str, str], None]) -> None:
        self._folder, self._state, self._settle, self._say = folder, state, settle, say
        self._seen: set[str] = set()
        self._since: dict[str, float] = {}
        self._holds = False

    @property
    def is_waiting(self) -> bool:
        """Whether a file is gone, but not for long enough."""
        return bool(self._since)

    def begin_scan(self) -> None:
        """Forget what the last scan saw."""
        self._seen.clear()

    def see(self, name: str) -> None:
        """Note a file that is there."""
        self._seen.add(name)

    def end_scan(self, now: float) -> None:
        """Compare what a whole scan saw with what should be there; raises `OSError`."""
        gone, known = [], 0
        for name in self._state.names():
            known += 1
            if name not in self._seen and not self._folder.hides(name) and self._folder.is_gone(name):
                gone.append(name)
        identity = ":".join(map(str, self._folder.identity()))
        if gone and len(gone) == known and (not self._seen or identity != self._state.fact("folder")):
            if not self._holds:
                why = "another folder is at its place" if self._seen else "it is empty"
                self._say(
                    "nothing deleted",
                    f"all {counted(known, 'file')} are gone from {self._folder.path} at once, and {why}: nothing is "
                    "deleted until one of them is back. If you deleted them, put another file there"
                    + (f", or delete {self._state.path}" if self._seen else ""),
                )
            self._holds = True
            self._since.clear()
            return
        if self._holds:
            self._holds = False
            self._say("files back", f"there are files in {self._folder.path} again")
        if self._state.fact("folder") != identity:
            self._state.set_fact("folder", identity)
        self._since = {name: self._since.get(name, now) for name in gone}

    def settled(self, now: float) -> list[str]:
        """Return the files that are gone for long enough, each once."""
        names = [name for name, since in self._since.items() if now - since >= self._settle]
        for name in names:
            del self._since[name]
        return [name for name in names if self._folder.is_gone(name)]
