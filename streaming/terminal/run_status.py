"""What a run is doing now: a line that changes on a terminal; elsewhere lines that stay, few enough for a log."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status

from streaming.wording import counted

if TYPE_CHECKING:
    # It imports Spark, which takes a second.
    from streaming.spark.look import Look

# Seconds between two lines about the same thing where no terminal shows them.
_LINE_SECONDS = 15.0


def status_line(look: Look) -> str:
    """Return what a query is doing, in one line."""
    if look.doing == "waiting for Kafka":
        progress = f"; {look.done:,} of {look.total:,} done" if look.total else ""
        return f"waiting for Kafka since {look.seconds:.0f} s{progress}"
    to_go = look.total - look.done
    if look.stopping:
        if look.doing != "working":
            return "stopping"
        what = f"{counted(to_go, 'document')} to go" if look.total else "the running batch ends first"
        return f"stopping: {what}, Ctrl-C again abandons {'them' if to_go > 1 else 'it'}"
    if look.doing == "working":
        return f"{look.done:,} of {look.total:,} done" if look.total else "a batch begins"
    return "nothing to do; waiting for documents" if look.doing == "idle" else "the query starts"


class RunStatus:
    """Shows what a run is doing, for as long as the context lasts.

    On a terminal one line changes. Elsewhere, and always when `on_line` is given, lines stay: `on_line` gets them, or
    the console.
    """

    def __init__(self, console: Console, on_line: Callable[[Look, str], None] | None = None) -> None:
        self._console, self._on_line = console, on_line
        # Not before the first look: while Spark starts, the terminal's file is Spark's log.
        self._live: Status | None = None
        self._shown = ""
        self._next_line = 0.0
        self._has_worked = False

    def __enter__(self) -> RunStatus:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, look: Look) -> None:
        """Show what the query is doing."""
        if self._console.is_terminal and self._on_line is None:
            self._show_live(status_line(look))
        elif (line := self.line_that_stays(look, time.monotonic())) is None:
            return
        elif self._on_line is not None:
            self._on_line(look, line)
        else:
            self._console.print(line, markup=False)

    def line_that_stays(self, look: Look, now: float) -> str | None:
        """Return the line for a log at the time `now`, in seconds; None when no line is due.

        A change is said at once, what lasts again and again. Not so what every batch of a busy query would say.
        """
        kind = f"{look.doing} {look.stopping}"
        if kind != self._shown:
            self._shown, self._next_line = kind, now
            if not look.stopping and (
                look.doing in ("starting", "working") or (look.doing == "idle" and self._has_worked)
            ):
                self._next_line += _LINE_SECONDS
            self._has_worked = self._has_worked or look.doing == "working"
        if now < self._next_line:
            return None
        # Nothing changes while there is nothing to do.
        self._next_line = math.inf if look.doing == "idle" else now + _LINE_SECONDS
        return status_line(look)

    def _show_live(self, line: str) -> None:
        if self._live is None:
            self._live = Status(line, console=self._console)
            self._live.start()
        self._live.update(line)
