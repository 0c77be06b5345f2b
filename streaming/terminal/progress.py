"""The progress of a long command, on standard error: a bar on a terminal, and lines that stay."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

# As often as the bar is drawn.
_UPDATE_SECONDS = 0.1


class ProgressBar:
    """The progress of a command, for as long as the context lasts."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # Where no line can be taken back, a bar that ends leaves an empty one.
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None)
        self._done, self._shown = 0, 0.0

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    @property
    def visible(self) -> bool:
        """Whether the bar can be seen; without a terminal only lines say how far the command is."""
        return self._progress.console.is_terminal

    def begin(self, description: str, total: int) -> None:
        """Start the bar again for a piece of work of `total` parts."""
        self._done, self._shown = 0, 0.0
        self._progress.reset(self._task, description=description, total=total)

    def describe(self, description: str) -> None:
        """Change the description; the count of parts stays."""
        self._progress.update(self._task, description=description)

    def advance(self, parts: int = 1) -> None:
        """Note that a part, or several, are done; it may be called a million times."""
        self._done += parts
        # Nobody sees more, and an update takes several microseconds on a terminal.
        if (now := time.monotonic()) - self._shown >= _UPDATE_SECONDS:
            self._shown = now
            self._progress.update(self._task, completed=self._done)

    def note(self, line: str) -> None:
        """Print a line that stays."""
        self._progress.console.print(line, markup=False)
