"""Finding the titles that a table of contents lists takes time that grows with the text, and not with its square."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from python_steps import steps

from producers.gutenberg.listed import find_listed

LARGE: dict[str, Callable[[int], str]] = {
    "many titles": lambda n: table(n) + "".join(f"Mill {spelt(i)}\n\nHe went.\n\n" for i in range(n)),
    "a text without the last title": lambda n: table(n) + "".join(f"Mill {spelt(i)}\n\nA.\n\n" for i in range(n - 1)),
    "many tables": lambda n: "".join(f"CONTENTS OF {spelt(i)}\n\nThe Mill {spelt(i)}\n\n" for i in range(n)),
    "many tables and parts": lambda n: "".join(f"CONTENTS OF {spelt(i)}\n\nPART {i}\n\nThe Mill\n\n" for i in range(n)),
}


def spelt(number: int) -> str:
    """Return a word for each number, since a title's numbers do not count."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def table(count: int) -> str:
    return "CONTENTS\n\n" + "".join(f"Mill {spelt(i)} ... {i}\n" for i in range(count)) + "\n\n\n"


@pytest.mark.parametrize("shape", LARGE)
def test_four_times_the_titles_are_four_times_the_work(shape: str) -> None:
    def work(count: int) -> int:
        lines = LARGE[shape](count).split("\n")
        return steps(lambda: find_listed(lines))

    assert work(400) < 5 * work(100)


def test_all_of_many_titles_are_found() -> None:
    assert len(find_listed(LARGE["many titles"](300).split("\n"))) == 300


@pytest.mark.parametrize("run", [".", " ", " .", "i ", "i.\t"])
def test_a_long_line_in_a_table_is_read_in_time(run: str) -> None:
    # With time that grows with the square of the length, this takes minutes.
    assert find_listed(["CONTENTS", "", f"I. The Mill{run * 200_000}x", "The Ferry", "The Barn", "", "", "End"]) == []
