"""The newest records of an output topic as rows: in a stable order, in pages, and as changes for those who follow.

Item: one summary or deletion, each result once. Guarantee: a row keeps its number and its place; what changes is only
that it is `replaced` or `deleted`, and the words of what was deleted are gone with it. Bound: the newest 10,000 rows
with their search texts, and what `repeats` remembers.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from consumers.live.filters import Filters, search_text
from consumers.live.repeats import KnownResults
from consumers.live.results import Result
from consumers.live.rows import Row
from consumers.live.sequence import KEPT, Changes, Kept, Page, RowSequence, page_of

# Values of a key of metadata that are offered as a choice.
_CHOICES = 50


@dataclass(frozen=True)
class Facets:
    """The values of the kept rows to choose from, the most frequent first; of each key of metadata at most 50."""

    statuses: list[str]
    prompts: list[str]
    models: list[str]
    metadata: dict[str, list[str]]


class Feed:
    """The newest rows of one topic; every method may be called from any thread."""

    def __init__(self, limit: int = KEPT) -> None:
        self._lock = threading.Lock()
        self._rows: RowSequence[Row] = RowSequence(limit)
        self._known = KnownResults()
        # The kept rows of each document by their numbers, and the newest result of each.
        self._documents: dict[tuple[str, int, str], dict[int, Kept[Row]]] = {}
        self._newest: dict[tuple[str, int, str], Kept[Row]] = {}

    def __len__(self) -> int:
        return len(self._rows.kept)

    @property
    def room(self) -> int:
        """How many older rows would be kept."""
        return self._rows.room

    def page(self, filters: Filters, *, before: int | None = None, limit: int = 100) -> Page[Row]:
        """Return the newest `limit` rows that match, of those with a number below `before`."""
        with self._lock:
            kept, cursor = list(self._rows.kept), self._rows.cursor
        matches = None if filters.is_empty else lambda one: filters.matches(one.row, one.search)
        return page_of(kept, cursor, before, limit, matches)

    def since(self, cursor: int, filters: Filters, *, limit: int = 500) -> Changes[Row]:
        """Return the rows that came or changed since a page's or a change's cursor, the newest `limit` that match."""
        with self._lock:
            return self._rows.changes(cursor, lambda one: filters.matches(one.row, one.search), limit)

    def facets(self) -> Facets:
        """Return the values of the kept rows to choose from."""
        with self._lock:
            rows = [one.row for one in self._rows.kept]
        metadata: dict[str, Counter[str]] = {}
        for row in rows:
            for name, value in row.metadata.items():
                metadata.setdefault(name, Counter())[value] += 1
        return Facets(
            _choices(row.status for row in rows),
            _choices(row.prompt for row in rows),
            _choices(row.model for row in rows),
            {name: [value for value, _ in metadata[name].most_common(_CHOICES)] for name in sorted(metadata)},
        )

    def of_document(self, row: Row) -> list[Row]:
        """Return this feed's kept rows of the document of a row, which may be another feed's; the oldest first."""
        with self._lock:
            rows = [one.row for one in self._documents.get(_document(row), {}).values()]
        return sorted(rows, key=lambda row: row.number)

    def append(self, results: Iterable[Result]) -> list[Result]:
        """Add results that have just arrived; returns those that are no repeats."""
        with self._lock:
            admitted = self._admitted(results)
            for result in admitted:
                kept, gone = self._rows.append(partial(self._kept, result))
                self._enter(kept)
                if gone is not None:
                    self._leave(gone)
        return admitted

    def prepend(self, results: Sequence[Result]) -> list[Result]:
        """Add results that are older than all rows, the oldest first; returns those that are no repeats."""
        with self._lock:
            admitted = self._admitted(results)
            for kept in self._rows.prepend(partial(self._kept, result) for result in reversed(admitted)):
                self._enter(kept)
        return admitted

    def note(self, results: Iterable[Result]) -> list[Result]:
        """Take note of results that get no row, as they are too old; returns those that are no repeats."""
        with self._lock:
            return self._admitted(results)

    def forget_topic(self) -> None:
        """Drop all rows: the topic is gone, or another one of the same name."""
        with self._lock:
            self._rows.drop(lambda _kept: True)
            self._documents.clear()
            self._newest.clear()
            self._known = KnownResults()

    def forget_known(self) -> None:
        """Forget which results were read: an input topic was created again, and its offsets begin again."""
        with self._lock:
            self._known = KnownResults()

    def _admitted(self, results: Iterable[Result]) -> list[Result]:
        """Return the results that are no repeats, whose documents' rows have then been marked."""
        admitted = [result for result in results if self._known.admit(result.document, result.recipe, result.version)]
        for result in admitted:
            if result.document in self._documents:
                self._mark(result)
        return admitted

    def _mark(self, result: Result) -> None:
        """Mark the rows that a result replaces or deletes."""
        if result.summary is None:
            for other in self._documents[result.document].values():
                if _is_deleted_by(other.row, result.source.offset):
                    other.row, other.search = other.row.without_words(), search_text(other.row.id, None, "", {})
                    self._rows.changed(other)
        newest = self._newest.get(result.document)
        if newest is not None and not self._known.is_replaced(result.document, result.version):
            newest.row = replace(newest.row, replaced=True)
            self._rows.changed(newest)
            del self._newest[result.document]

    def _kept(self, result: Result, number: int) -> Kept[Row]:
        row = result.row(number, replaced=self._known.is_replaced(result.document, result.version))
        if row.kind == "summary" and self._known.is_deleted(result.document, result.source.offset):
            return Kept(row.without_words(), search_text(row.id, None, "", {}))
        return Kept(row, result.search())

    def _enter(self, kept: Kept[Row]) -> None:
        """Enter a row among those of its document."""
        document = _document(kept.row)
        self._documents.setdefault(document, {})[kept.row.number] = kept
        if not kept.row.replaced:
            self._newest[document] = kept

    def _leave(self, kept: Kept[Row]) -> None:
        document = _document(kept.row)
        others = self._documents[document]
        del others[kept.row.number]
        if not others:
            del self._documents[document]
        if self._newest.get(document) is kept:
            del self._newest[document]


def _document(row: Row) -> tuple[str, int, str]:
    topic, partition, _ = row.source or ("", -1, -1)
    return topic, partition, row.id


def _is_deleted_by(row: Row, offset: int) -> bool:
    return row.kind == "summary" and not row.deleted and row.source is not None and row.source[2] <= offset


def _choices(values: Iterable[str]) -> list[str]:
    return [value for value, _ in Counter(values).most_common(_CHOICES) if value]
