"""Messages for people, on standard error: standard output holds nothing but what a machine may read."""

from __future__ import annotations

import sys

from rich.console import Console

from producers.records import Refusal

notes = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=not sys.stderr.isatty())


# Lines about refused documents: a file whose text is in another field has one for each of its lines.
_MOST_REFUSALS = 20


def in_one_line(name: str) -> str:
    """Return a name as a line shows it: that of a file may have line ends, and orders to the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)


def print_refusals(refusals: list[Refusal]) -> None:
    """Print a line for each of the first refusals, and how many there are more."""
    for refusal in refusals[:_MOST_REFUSALS]:
        notes.print(f"refused: {in_one_line(refusal.name)}: {refusal.reason}", style="red", markup=False)
    if (more := len(refusals) - _MOST_REFUSALS) > 0:
        notes.print(f"refused: {more:,} more; --json has them all", style="red")
