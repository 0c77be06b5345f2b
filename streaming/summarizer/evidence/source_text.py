"""A document as what its summary may stand on: its statements, and which of them each part of it holds."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate

from streaming.sentences import CJK, ends_with_sentence, join_lines
from streaming.summarizer.evidence.blocks import is_greeting
from streaming.summarizer.evidence.headline import headline
from streaming.summarizer.evidence.statements import Statement, read_statements
from streaming.summarizer.evidence.substrings import contained_in
from streaming.summarizer.evidence.support import Support, SupportIndex
from streaming.summarizer.guards import separate_orders
from streaming.summarizer.words import comparable_units, letters

# Statements that open a text: they often say what it is about.
_OPENING_STATEMENTS = 3


class SourceText:
    """The statements of a text in one language, without orders to the model.

    `title` are the units of its title and of a heading that it begins with. `headline` is the line that says what the
    document is about, None where no line does.

    Making one takes a second for a long text: call it in a thread.
    """

    def __init__(self, text: str, language: str, title: str = "", parts: Sequence[str] = ()) -> None:
        """`parts` are those in which the text is read; joined, they are the text."""
        self.text, self.language = text, language
        # A book has thousands of parts, and to search all of it for each would take the square of its length.
        starts = accumulate(map(len, parts), initial=0)
        self._start_of_part = dict(reversed([*zip(parts, starts, strict=False)]))
        self.statements: Sequence[Statement] = read_statements(text, language)
        self.index = SupportIndex([statement.units for statement in self.statements])
        self._starts = [statement.start for statement in self.statements]
        usable = self._find_usable()
        self._usable = frozenset(usable)
        self._complete = frozenset(i for i in usable if ends_with_sentence(self.statements[i].text))
        # None of the others comes into a summary, nor as the sentence that another one needs before it.
        self.statements = [
            statement if i in self._usable else replace(statement, whole=False)
            for i, statement in enumerate(self.statements)
        ]
        whole = [i for i in usable if self.statements[i].whole]
        self.opening: Sequence[int] = whole[:_OPENING_STATEMENTS]
        self.headline = headline(self.statements, self._usable, language)
        self.title = comparable_units(title, language) | self._heading()
        self._title_weight = sum(map(self.index.weight, self.title))

    @property
    def comparable(self) -> bool:
        """Whether the words of the text can be told apart, so that a summary can be compared with it."""
        return any(statement.units for statement in self.statements)

    @property
    def unended(self) -> frozenset[str]:
        """The headings and labels of the text: what has words and no full stop."""
        texts = (statement.text for statement in self.statements if statement.units)
        return frozenset(text for text in texts if not ends_with_sentence(text))

    def candidates(self, start: int, end: int) -> list[int]:
        """Return the statements between two positions that a summary may take over or stand on."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return [i for i in range(first, last) if i in self._usable]

    def find(self, part: str) -> int:
        """Return where the text has a part, -1 where it has not."""
        start = self._start_of_part.get(part)
        return self.text.find(part) if start is None else start

    def usable(self, part: str) -> str:
        """Return a part of the text without the sentences that no summary may take over; "" when no other is left."""
        start = self.find(part)
        if start < 0 or not self._usable:
            return part
        pieces, position, end = list[str](), start, start + len(part)
        # A sentence that begins in the part before may end in this one.
        numbers = range(max(0, bisect_left(self._starts, start) - 1), bisect_left(self._starts, end))
        numbers = range(numbers.start + (self.statements[numbers.start].end <= start), numbers.stop)
        for i in numbers:
            if i not in self._usable:
                pieces.append(self.text[position : self.statements[i].start])
                position = min(self.statements[i].end, end)
        if pieces and self._complete and self._complete.isdisjoint(numbers):
            # The marks of a quotation, and whom it quotes.
            return ""
        return "".join([*pieces, self.text[position:end]])

    def support(self, units: Collection[str], within: Collection[int] | None = None) -> Support | None:
        """Return how much of a sentence one statement `within` these covers; None for a sentence without units."""
        return self.index.support(units, within=within)

    def same(self, first: int, second: int) -> float:
        """Return how much of what the shorter of two statements says the other one says, from 0 to 1."""
        return self.index.shared(self.statements[first].units, self.statements[second].units)

    def title_share(self, units: Collection[str]) -> float:
        """Return how much of the weight of the title these units of it have, from 0 to 1."""
        return sum(map(self.index.weight, units)) / self._title_weight if units else 0.0

    def place(self, piece: str) -> tuple[int, int] | None:
        """Return where the text first says a piece of it, whatever stands between the letters; None if nowhere."""
        wanted = letters(piece)
        first = None
        at = self._letters.find(wanted) if wanted else -1
        while at >= 0:
            place = self._letter_places[at], self._letter_places[at + len(wanted) - 1] + 1
            if not any(_is_within_word(self.text, end) for end in place):
                return self._with_marks(piece, *place)
            first = first or place
            at = self._letters.find(wanted, at + 1)
        # A text without spaces may be cut in a word.
        return self._with_marks(piece, *first) if first is not None else None

    def _with_marks(self, piece: str, start: int, end: int) -> tuple[int, int]:
        """Return a place with the marks that a piece begins and ends with, as far as they are beside it."""
        text = self.text
        head, tail = piece.partition(text[start])[0], piece.rpartition(text[end - 1])[2]
        while head and start and text[start - 1] == head[-1]:
            start, head = start - 1, head[:-1]
        while tail and text[end : end + 1] == tail[0]:
            end, tail = end + 1, tail[1:]
        return start, end

    @cached_property
    def _letters(self) -> str:
        return letters(self.text)

    @cached_property
    def _letter_places(self) -> array[int]:
        return array("L", (at for at, character in enumerate(self.text) if character.isalnum()))

    def _heading(self) -> frozenset[str]:
        """Return the units of a heading that the text begins with."""
        first = self.statements[0] if 0 in self._usable else None
        if (
            first is None
            or first.whole
            or is_greeting(first.text)
            or ":" in first.text
            or ends_with_sentence(first.text)
        ):
            return frozenset()
        return first.units

    def _find_usable(self) -> list[int]:
        separated = separate_orders(self.text, language=self.language)
        ordered = join_lines(f"{separated.orders}\n{separated.neighbours}")
        if not ordered:
            return list(range(len(self.statements)))
        own = [join_lines(self.text[statement.start : statement.end]) for statement in self.statements]
        return [i for i, is_ordered in enumerate(contained_in(ordered, own)) if not is_ordered]


def _is_within_word(text: str, at: int) -> bool:
    """Tell whether a word goes on from before a position to after it."""
    around = text[max(0, at - 1) : at + 1]
    return len(around) == 2 and around.isalnum() and not CJK.search(around)
