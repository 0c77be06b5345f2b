"""Numbered rows in a stable order, the newest so many, with the changes that followers have not seen.

It has no lock: its owner calls it from one thread at a time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from consumers.live.rows import LetterRow, Row

# Rows that a feed keeps.
KEPT = 10_000
# The number of the first row that arrives; older ones, which are read meanwhile, have numbers below.
FIRST_NUMBER = 1_000_000_000

R = TypeVar("R", Row, LetterRow)


@dataclass(slots=True)
class Kept(Generic[R]):
    """A row that is kept, with what a filter looks through."""

    row: R
    search: bytes


@dataclass(frozen=True)
class Page(Generic[R]):
    """Rows, newest first; whether there are `more` below; how many match in all; where to follow from (`since`)."""

    rows: list[R]
    more: bool
    matching: int
    cursor: int


@dataclass(frozen=True)
class Changes(Generic[R]):
    """Rows that are new or have changed, oldest first, and the cursor to go on from.

    With `reset` these are not all changes: the follower was too far behind, or rows were dropped or added below. It
    then takes a page again.
    """

    rows: list[R]
    cursor: int
    reset: bool


class RowSequence(Generic[R]):
    """The newest `limit` rows."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # By number, the oldest first.
        self.kept: deque[Kept[R]] = deque()
        self._next, self._lowest = FIRST_NUMBER, FIRST_NUMBER
        # Who is further behind than all rows could change starts again with a page.
        self._changes: deque[tuple[int, Kept[R]]] = deque(maxlen=2 * limit)
        self.cursor = 0
        # Followers from before this cursor have to take a page again.
        self._reset = 0

    @property
    def room(self) -> int:
        """How many older rows would be kept."""
        return self._limit - len(self.kept)

    def append(self, build: Callable[[int], Kept[R]]) -> tuple[Kept[R], Kept[R] | None]:
        """Add the row that `build` makes with the next number; returns it, and the row that had to go for it."""
        kept = build(self._next)
        self._next += 1
        self.kept.append(kept)
        self.changed(kept)
        return kept, self.kept.popleft() if len(self.kept) > self._limit else None

    def prepend(self, builds: Iterable[Callable[[int], Kept[R]]]) -> list[Kept[R]]:
        """Add older rows, the newest of them first, while there is room; returns those that were added."""
        added = []
        for build in builds:
            if self.room <= 0:
                break
            self._lowest -= 1
            kept = build(self._lowest)
            self.kept.appendleft(kept)
            added.append(kept)
        if added:
            self.start_again()
        return added

    def changed(self, kept: Kept[R]) -> None:
        """Note that a row is new, or has another content."""
        self.cursor += 1
        self._changes.append((self.cursor, kept))

    def start_again(self) -> None:
        """Let all followers take a page again."""
        self.cursor += 1
        self._reset = self.cursor
        self._changes.clear()

    def drop(self, gone: Callable[[Kept[R]], bool]) -> list[Kept[R]]:
        """Drop rows; their numbers are not given again. Returns them."""
        dropped = [kept for kept in self.kept if gone(kept)]
        if dropped:
            self.kept = deque(kept for kept in self.kept if not gone(kept))
            self.start_again()
        return dropped

    def changes(self, cursor: int, matches: Callable[[Kept[R]], bool], limit: int) -> Changes[R]:
        """Return the newest `limit` rows that came or changed since a cursor, of those that match."""
        behind = cursor < self._reset or bool(self._changes and cursor < self._changes[0][0] - 1)
        latest: dict[int, Kept[R]] = {}
        for version, kept in reversed(self._changes):
            if version <= cursor:
                break
            latest.setdefault(kept.row.number, kept)
        rows = sorted((kept.row for kept in latest.values() if matches(kept)), key=lambda row: row.number)
        return Changes(rows[-limit:], self.cursor, behind or len(rows) > limit)


def page_of(
    kept: list[Kept[R]], cursor: int, before: int | None, limit: int, matches: Callable[[Kept[R]], bool] | None
) -> Page[R]:
    """Return the newest `limit` rows that match, of those with a number below `before`; no `matches` means all."""
    end = len(kept) if before is None else bisect_left(kept, before, key=lambda one: one.row.number)
    chosen = range(len(kept)) if matches is None else [place for place, one in enumerate(kept) if matches(one)]
    below = bisect_left(chosen, end)
    places = chosen[max(0, below - limit) : below]
    return Page([kept[place].row for place in reversed(places)], below > limit, len(chosen), cursor)
