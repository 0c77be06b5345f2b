"""How messages write counts and sizes: the noun in the right number, one unit, one rounding."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: "1 dead letter", "2,048 records"; `plural` is for nouns that take no s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
