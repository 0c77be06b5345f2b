"""The newest dead letters as rows, without their payloads.

Item: one dead letter, each once. Guarantee and bound are those of `consumers.live.feed`. A tombstone, which
`gistream forget` sends to a dead-letter topic, drops the rows of its key.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from consumers.live.repeats import KnownResults
from consumers.live.rows import LetterRow
from consumers.live.sequence import KEPT, Changes, Kept, Page, RowSequence, page_of
from streaming.messages import DeadLetter

# Characters of a key and of a message that a row shows; the letter itself has all of them.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """A record of the dead-letter topic; `letter` is None for a tombstone. `arrived` is its time in ms since 1970."""

    topic: str
    partition: int
    offset: int
    arrived: int
    key: bytes | None
    letter: DeadLetter | None

    def row(self, number: int, letter: DeadLetter) -> LetterRow:
        """Return the row of this dead letter."""
        size = letter.truncated if letter.truncated is not None else None if letter.value is None else len(letter.value)
        return LetterRow(
            number,
            self.topic,
            self.partition,
            self.offset,
            self.arrived,
            None if self.key is None else self.key.decode(errors="replace")[:_LONGEST],
            letter.error.reason,
            letter.error.stage,
            letter.error.type,
            letter.error.message[:_LONGEST],
            letter.error.attempts,
            size,
            (letter.source.topic, letter.source.partition, letter.source.offset),
        )


def read_letter_row(record: Any) -> Letter | None:
    """Read a record of kafka-python from the dead-letter topic; None for a foreign one."""
    place = (record.topic, record.partition, record.offset, record.timestamp, record.key)
    if record.value is None and not record.headers:
        return Letter(*place, None)
    try:
        return Letter(*place, DeadLetter.from_record(record.key, record.value, record.headers))
    except ValueError:
        return None


class LetterFeed:
    """The newest dead letters; every method may be called from any thread."""

    def __init__(self, limit: int = KEPT) -> None:
        self._lock = threading.Lock()
        # The search text is the hash of the key, which a tombstone has, too: a key may be long.
        self._rows: RowSequence[LetterRow] = RowSequence(limit)
        self._known = KnownResults()
        # The offset of the last tombstone of each partition and hashed key.
        self._tombstones: dict[tuple[int, bytes], int] = {}
        self._limit = limit

    def __len__(self) -> int:
        return len(self._rows.kept)

    @property
    def room(self) -> int:
        """How many older rows would be kept."""
        return self._rows.room

    def page(self, reason: str = "", *, before: int | None = None, limit: int = 100) -> Page[LetterRow]:
        """Return the newest `limit` letters, of one reason or all, of those with a number below `before`."""
        with self._lock:
            kept, cursor = list(self._rows.kept), self._rows.cursor
        return page_of(kept, cursor, before, limit, (lambda one: one.row.reason == reason) if reason else None)

    def since(self, cursor: int, reason: str = "", *, limit: int = 500) -> Changes[LetterRow]:
        """Return the letters that came since a page's or a change's cursor, at most the newest `limit`."""
        with self._lock:
            return self._rows.changes(cursor, lambda one: reason in ("", one.row.reason), limit)

    def reasons(self) -> dict[str, int]:
        """Return how many of the kept letters have each reason, the most frequent first."""
        with self._lock:
            return dict(Counter(one.row.reason for one in self._rows.kept).most_common())

    def append(self, letters: Iterable[Letter]) -> list[Letter]:
        """Add letters that have just arrived; returns those that are no repeats and no tombstones."""
        admitted = []
        with self._lock:
            for letter in letters:
                if letter.letter is None:
                    self._delete(letter)
                elif self._admit(letter, letter.letter):
                    admitted.append(letter)
                    self._rows.append(partial(_kept, letter, letter.letter))
        return admitted

    def prepend(self, letters: Sequence[Letter]) -> list[Letter]:
        """Add letters that are older than all rows, the oldest first; returns those that are no repeats."""
        with self._lock:
            for letter in letters:
                if letter.letter is None:
                    self._delete(letter)
            admitted = [(one, one.letter) for one in letters if one.letter and self._admit(one, one.letter)]
            kept = [(one, letter) for one, letter in reversed(admitted) if not self._is_deleted(one)]
            self._rows.prepend(partial(_kept, one, letter) for one, letter in kept)
        return [one for one, _ in admitted]

    def forget_topic(self) -> None:
        """Drop all rows: the topic is gone, or another one of the same name."""
        with self._lock:
            self._rows.drop(lambda _row: True)
            self._tombstones.clear()
            self._known = KnownResults()

    def forget_known(self) -> None:
        """Forget which letters were read: an input topic was created again, and its offsets begin again."""
        with self._lock:
            self._known = KnownResults()

    def _admit(self, record: Letter, letter: DeadLetter) -> bool:
        source = letter.source
        # A redriven document that failed again is no repeat.
        return self._known.admit(
            (source.topic, source.partition), str(letter.error.attempts), (source.offset, record.offset)
        )

    def _delete(self, tombstone: Letter) -> None:
        if tombstone.key is None:
            return
        partition, key = name = tombstone.partition, _hashed(tombstone.key)
        self._tombstones.pop(name, None)
        self._tombstones[name] = tombstone.offset
        if len(self._tombstones) > self._limit:
            del self._tombstones[next(iter(self._tombstones))]
        self._rows.drop(
            lambda kept: kept.search == key and kept.row.partition == partition and kept.row.offset < tombstone.offset
        )

    def _is_deleted(self, letter: Letter) -> bool:
        return letter.offset < self._tombstones.get((letter.partition, _hashed(letter.key)), -1)


def _kept(record: Letter, letter: DeadLetter, number: int) -> Kept[LetterRow]:
    return Kept(record.row(number, letter), _hashed(record.key))


def _hashed(key: bytes | None) -> bytes:
    return b"" if key is None else sha256(key).digest()
