"""What the system says has changed in the watched folder: it shortens the wait for the next scan, and no more.

Events get lost: on network file systems, when many come at once, when the folder is replaced. So nothing depends on
them.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path

from watchfiles import Change, watch

# How long a wait may last; then what has settled is looked at.
_WAIT_MS = 500
# Events within these two are handed over together.
_GROUP_MS, _QUIET_MS = 400, 100


class FolderEvents:
    """The events of a folder, for as long as it is the same folder; `refusal` says why there are none now."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._changes: Generator[set[tuple[Change, str]], None, None] | None = None
        self._early: set[Path] = set()
        self.refusal: str | None = None

    def begin(self, folder: Path) -> None:
        """Begin to listen, anew when it listened before; without events (too many watches, no right) it only waits.

        What changes from now on is in the next answer of `wait`.
        """
        self.close()
        self.refusal = None
        self._changes = watch(
            folder, watch_filter=None, stop_event=self._stop, yield_on_timeout=True, rust_timeout=_WAIT_MS,
            debounce=_GROUP_MS, step=_QUIET_MS, raise_interrupt=True, ignore_permission_denied=True,
        )  # fmt: skip
        # The library listens from its first answer on.
        self._early = self.wait()

    def wait(self) -> set[Path]:
        """Wait for half a second, or less when something changes or the stop event is set; returns what changed."""
        if self._early:
            early, self._early = self._early, set()
            return early
        if self._changes is None:
            self._stop.wait(_WAIT_MS / 1000)
            return set()
        try:
            changes = next(self._changes, set())
        # The library's own error is a RuntimeError.
        except (OSError, RuntimeError) as error:
            self._changes, self.refusal = None, str(error)
            return set()
        return {Path(path) for _, path in changes}

    def close(self) -> None:
        """Listen no longer."""
        if self._changes is not None:
            self._changes.close()
            self._changes = None
        self._early.clear()
