"""A document as what its summary may stand on: its statements, and which of them each part of it holds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence

from streaming.summarizer.evidence.statements import Statement, read_statements
from streaming.summarizer.evidence.support import Support, SupportIndex
from streaming.summarizer.guards import separate_orders
from streaming.summarizer.sentences import join_lines

# Statements that open a text: they often say what it is about.
_OPENING_STATEMENTS = 3
# A reply of fewer words ("Yes, do that.") says nothing without what it quotes.
_SHORT_REPLY = 25


class SourceText:
    """The statements of a text in one language, without orders to the model.

    Making one takes a second for a long text: call it in a thread.
    """

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        self.statements: Sequence[Statement] = read_statements(text, language)
        self.index = SupportIndex([statement.units for statement in self.statements])
        self._starts = [statement.start for statement in self.statements]
        self._usable = self._find_usable()
        whole = [i for i in self._usable if self.statements[i].whole]
        self.opening: Sequence[int] = whole[:_OPENING_STATEMENTS]

    @property
    def comparable(self) -> bool:
        """Whether the words of the text can be told apart, so that a summary can be compared with it."""
        return any(statement.units for statement in self.statements)

    def candidates(self, start: int, end: int) -> list[int]:
        """Return the statements between two positions that a summary may take over or stand on."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return [i for i in range(first, last) if i in self._usable_set]

    def support(self, units: Collection[str], within: Collection[int] | None = None) -> Support | None:
        """Return how much of a sentence one statement `within` these covers; None for a sentence without units."""
        return self.index.support(units, within=within)

    def same(self, first: int, second: int) -> float:
        """Return how much of what the shorter of two statements says the other one says, from 0 to 1."""
        return self.index.shared(self.statements[first].units, self.statements[second].units)

    def _find_usable(self) -> list[int]:
        separated = separate_orders(self.text, language=self.language)
        ordered = join_lines(f"{separated.orders}\n{separated.neighbours}")
        usable = [
            i
            for i, statement in enumerate(self.statements)
            if not ordered or join_lines(self.text[statement.start : statement.end]) not in ordered
        ]
        # A reply is newer than what it quotes and may correct it.
        reply = [i for i in usable if not self.statements[i].depth]
        if sum(self.statements[i].words for i in reply) >= _SHORT_REPLY:
            usable = reply
        self._usable_set = frozenset(usable)
        return usable
