"""Names of files as messages write them."""

from __future__ import annotations


def printable(name: str) -> str:
    r"""Return a name on one line: a line break is written \n, and bytes that are no text as \udcff."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in name
    )
