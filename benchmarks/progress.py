"""What is being measured now, on standard error: a bar on a terminal, and a line for each figure anywhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks.contract import Knobs


class Shown:
    """The progress of a measurement, for as long as the context lasts."""

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

    def begin(self, what: str, prompts: int) -> None:
        """Say what begins, and of how many prompts it is."""
        self._progress.reset(self._task, description=what, total=prompts)

    def finished(self) -> None:
        """Note that a prompt is done."""
        self._progress.advance(self._task)

    def note(self, line: str) -> None:
        """Print a line that stays."""
        self._progress.console.print(line, markup=False)


def settings_text(knobs: Knobs) -> str:
    """Return a system's settings as one reads them: "slots 8, flash attention on"."""
    words = {True: "on", False: "off"}
    return ", ".join(
        f"{name.replace('_', ' ')} {words[value] if isinstance(value, bool) else value}"
        for name, value in knobs.items()
    )
