"""How messages write counts, sizes, durations and long texts: the noun in the right number, one unit, cut at a word."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len

_ELLIPSIS = " …"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: "1 dead letter", "2,048 records"; `plural` is for nouns that take no s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def megabytes(size: float) -> str:
    """Return a size in bytes in the unit of all messages, a million bytes: "8.4 MB", "23,417 MB"."""
    number = size / 1e6
    return f"{f'{number:.1f}'.removesuffix('.0') if 1 <= number < 9.95 else f'{number:,.0f}'} MB"


def duration(seconds: float) -> str:
    """Return a duration in the unit that has one or two digits: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def shortened(text: str, limit: int, measure: Callable[[str], int] = cell_len) -> str:
    """Return `text`, or its first whole words and an ellipsis, in at most `limit` cells, or what `measure` counts.

    A text without spaces, such as a Chinese one, is cut between two characters.
    """
    if measure(text) <= limit:
        return text
    end, room = 0, limit - len(_ELLIPSIS)
    while end < len(text) and (room := room - measure(text[end])) >= 0:
        end += 1
    words = text[:end] if text[end : end + 1].isspace() else text[: text.rfind(" ", 0, end) + 1]
    # A word that is longer than half of the room is cut, too.
    return (words if 2 * len(words) >= end else text[:end]).rstrip() + _ELLIPSIS
