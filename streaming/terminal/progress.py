"""What a long command is at, on standard error: a bar on a terminal, and lines that stay anywhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Shown:
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
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Shown:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    @property
    def seen(self) -> bool:
        """Whether somebody can see the bar; else only lines tell how far it is."""
        return self._progress.console.is_terminal

    def begin(self, what: str, total: int) -> None:
        """Say what begins, and of how many parts it is."""
        self._progress.reset(self._task, description=what, total=total)

    def describe(self, what: str) -> None:
        """Say what is being done now, of the same parts."""
        self._progress.update(self._task, description=what)

    def finished(self, parts: int = 1) -> None:
        """Note that a part, or several, are done."""
        self._progress.advance(self._task, parts)

    def note(self, line: str) -> None:
        """Print a line that stays."""
        self._progress.console.print(line, markup=False)
