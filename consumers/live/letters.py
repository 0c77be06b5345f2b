"""The newest dead letters as rows, without their payloads.

Item: one dead letter, each once. Guarantee and bound are those of `consumers.live.feed`; a row also changes when its
document is summarized, or fails again. A tombstone, which `gistream forget` sends to a dead-letter topic, drops the
rows of its key.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

from consumers.live.outcomes import Outcomes
from consumers.live.repeats import KnownResults
from consumers.live.rows import LetterRow, Position, shown_time
from consumers.live.sequence import KEPT, Changes, Kept, Page, RowSequence, page_of
from streaming.messages import DeadLetter

# Characters of a key and of a message that a row shows; the letter itself has all of them.
_LONGEST = 500
# gistream's own reasons have 30 characters; a forged letter may have any.
_LONGEST_REASON = 100
# Reasons that are told apart: three times as many as gistream has.
REASONS = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """A record of the dead-letter topic: its row, which has no number yet; None for a tombstone, which deletes letters.

    `key` is the hash of the record's key, which may be long, None without one. `arrived` is its time in ms since 1970.
    """

    partition: int
    offset: int
    arrived: int
    key: bytes | None
    row: LetterRow | None


def read_letter_row(record: Any) -> Letter | None:
    """Read a record of kafka-python from the dead-letter topic; None for a foreign one."""
    place = (record.partition, record.offset, shown_time(record.timestamp))
    key = None if record.key is None else sha256(record.key).digest()
    if record.value is None and not record.headers:
        return Letter(*place, key, None)
    try:
        letter = DeadLetter.from_record(record.key, record.value, record.headers)
    except ValueError:
        return None
    size = letter.truncated if letter.truncated is not None else None if letter.value is None else len(letter.value)
    row = LetterRow(
        0,
        record.topic,
        *place,
        None if record.key is None else record.key[:_LONGEST].decode(errors="replace"),
        letter.error.reason[:_LONGEST_REASON],
        letter.error.stage,
        letter.error.type[:_LONGEST_REASON],
        letter.error.message[:_LONGEST],
        letter.error.attempts,
        size,
        (letter.source.topic, letter.source.partition, letter.source.offset),
    )
    return Letter(*place, key, row)


class LetterFeed:
    """The newest dead letters; every method may be called from any thread."""

    def __init__(self, limit: int = KEPT) -> None:
        self._lock = threading.Lock()
        # The search text is the hash of the key, which a tombstone has, too: a key may be long.
        self._rows: RowSequence[LetterRow] = RowSequence(limit)
        self._known = KnownResults()
        self._outcomes = Outcomes()
        # The kept rows of each record that failed, by their numbers.
        self._sources: dict[Position, dict[int, Kept[LetterRow]]] = {}
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
        """Return how many of the kept letters have each reason, the most frequent first, at most `REASONS`."""
        with self._lock:
            return dict(Counter(one.row.reason for one in self._rows.kept).most_common(REASONS))

    def append(self, results: Iterable[Letter]) -> list[Letter]:
        """Add letters that have just arrived; returns those that are no repeats and no tombstones."""
        with self._lock:
            admitted = self._admitted(results)
            for letter in admitted:
                # Its tombstone may have come with it.
                if not self._is_deleted(letter):
                    kept, gone = self._rows.append(partial(self._kept, letter))
                    self._enter(kept)
                    if gone is not None:
                        self._leave(gone)
        return admitted

    def prepend(self, results: Sequence[Letter]) -> list[Letter]:
        """Add letters that are older than all rows, the oldest first; returns those that are no repeats."""
        with self._lock:
            admitted = self._admitted(results)
            letters = (letter for letter in reversed(admitted) if not self._is_deleted(letter))
            for kept in self._rows.prepend(partial(self._kept, letter) for letter in letters):
                self._enter(kept)
        return admitted

    def note(self, results: Iterable[Letter]) -> list[Letter]:
        """Take note of letters that get no row, as they are too old; returns those that are no repeats."""
        with self._lock:
            return self._admitted(results)

    def note_summaries(self, sources: Sequence[Position]) -> None:
        """Take note of the records that have summaries now."""
        with self._lock:
            self._outcomes.note_summaries(sources)
            for source in sources:
                self._renew(source)

    def forget_topic(self) -> None:
        """Drop all rows: the topic is gone, or another one of the same name."""
        with self._lock:
            self._rows.drop(lambda _kept: True)
            self._sources.clear()
            self._tombstones.clear()
            self._known = KnownResults()

    def forget_known(self) -> None:
        """Forget which letters were read: an input topic was created again, and its offsets begin again."""
        with self._lock:
            self._known = KnownResults()
            self._outcomes = Outcomes()

    def _admitted(self, letters: Iterable[Letter]) -> list[Letter]:
        admitted = []
        for letter in letters:
            if letter.row is None:
                self._delete(letter)
                continue
            topic, partition, offset = letter.row.source
            # A redriven document that failed again is no repeat.
            if self._known.admit((topic, partition), str(letter.row.attempts), (offset, letter.offset)):
                admitted.append(letter)
                self._outcomes.note_letter(letter.row.source, letter.row.attempts)
        return admitted

    def _delete(self, tombstone: Letter) -> None:
        if tombstone.key is None:
            return
        name = (tombstone.partition, tombstone.key)
        self._tombstones.pop(name, None)
        self._tombstones[name] = tombstone.offset
        if len(self._tombstones) > self._limit:
            del self._tombstones[next(iter(self._tombstones))]
        for kept in self._rows.drop(
            lambda kept: (kept.row.partition, kept.search) == name and kept.row.offset < tombstone.offset
        ):
            self._leave(kept)

    def _is_deleted(self, letter: Letter) -> bool:
        return letter.offset < self._tombstones.get((letter.partition, letter.key or b""), -1)

    def _kept(self, letter: Letter, number: int) -> Kept[LetterRow]:
        if letter.row is None:
            raise ValueError("a tombstone has no row")
        outcome = self._outcomes.outcome(letter.row.source, letter.row.attempts)
        return Kept(replace(letter.row, number=number, outcome=outcome), letter.key or b"")

    def _enter(self, kept: Kept[LetterRow]) -> None:
        self._sources.setdefault(kept.row.source, {})[kept.row.number] = kept
        self._renew(kept.row.source)

    def _leave(self, kept: Kept[LetterRow]) -> None:
        others = self._sources[kept.row.source]
        del others[kept.row.number]
        if not others:
            del self._sources[kept.row.source]

    def _renew(self, source: Position) -> None:
        """Give the rows of a record the outcome that is known now."""
        for kept in self._sources.get(source, {}).values():
            outcome = self._outcomes.outcome(source, kept.row.attempts)
            if outcome != kept.row.outcome:
                kept.row = replace(kept.row, outcome=outcome)
                self._rows.changed(kept)
