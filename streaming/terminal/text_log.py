"""The lines of a run as text: for a terminal, and for a file that people read."""

from __future__ import annotations

from typing import Any

from rich.console import Console


class TextLog:
    """Prints the sentence of each event; its name and its numbers are for a log of JSON lines."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, _event: str, message: str, /, *, level: str = "info", **_fields: Any) -> None:
        """Print one line."""
        self._console.print(message, style="yellow" if level == "warning" else None, markup=False)
