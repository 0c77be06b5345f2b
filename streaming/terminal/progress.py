"""The progress of a long command, on standard error: a bar on a terminal, and lines that stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text


class _Count(ProgressColumn):
    """How many parts are done, of how many, as far as it is known."""

    def render(self, task: Task) -> Text:
        """Return "3/16", "3" where nobody knows of how many, and nothing where nobody counts."""
        if task.total is not None:
            return Text(f"{task.completed:,.0f}/{task.total:,.0f}")
        return Text(f"{task.completed:,.0f}" if task.completed else "")


class _Progress(Progress):
    """Looks at the number of parts that are `done` when it is drawn, ten times a second: so counting costs nothing."""

    done = 0

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return what is drawn."""
        for task in self.task_ids:
            self.update(task, completed=self.done)
        return super().get_renderables()


class ProgressBar:
    """The progress of a command, for as long as the context lasts."""

    def __init__(self, console: Console) -> None:
        self._progress = _Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            _Count(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # Where no line can be taken back, a bar that ends leaves an empty one.
            disable=not console.is_terminal,
            # What a command writes to standard output belongs into its file, also beside a bar.
            redirect_stdout=False,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    @property
    def visible(self) -> bool:
        """Whether the bar can be seen; without a terminal only lines say how far the command is."""
        return self._progress.console.is_terminal

    def begin(self, description: str, total: int = 0) -> None:
        """Start the bar again for a piece of work of `total` parts; 0 when nobody knows how many they are."""
        self._progress.done = 0
        # A reset would keep the old total where there is none.
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(description, total=total or None)

    def describe(self, description: str) -> None:
        """Change the description; the count of parts stays."""
        self._progress.update(self._task, description=description)

    def advance(self, parts: int = 1) -> None:
        """Note that a part, or several, are done; it may be called a million times."""
        self._progress.done += parts

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away for as long as the context lasts, in which a result is printed."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def note(self, line: str) -> None:
        """Print a line that stays."""
        self._progress.console.print(line, markup=False)
