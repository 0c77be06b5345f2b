"""Which results are repeats, and which are not the newest of their document, in whatever order they are read.

The rule is that of `consumers.newest`: the highest source offset counts. A live view reads the newest records first and
then older ones, so it must know what stands behind what it reads. Bound: the newest 100,000 documents and results;
repeated deliveries are close together. Documents are remembered by a hash of 64 bits: that two of 100,000 agree has a
chance of one in four thousand million.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TypeVar

from consumers.newest import Version

V = TypeVar("V")

# As `consumers.tail`: of an older document a repeat is not noticed. 25 MB.
REMEMBERED = 100_000


class KnownResults:
    """What is known of the results of a topic; it has no lock."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._results: dict[int, None] = {}
        self._newest: dict[int, Version] = {}
        # The source offset of the last deletion of a document.
        self._deleted: dict[int, int] = {}

    def admit(self, document: Hashable, recipe: str, version: Version) -> bool:
        """Remember a result; False for one that was read before."""
        name, offset = hash(document), version[0]
        result = hash((name, offset, recipe, version[1] == math.inf))
        if result in self._results:
            return False
        _remember(self._results, result, None, self._limit)
        if version > self._newest.get(name, (-1, -math.inf)):
            _remember(self._newest, name, version, self._limit)
        if version[1] == math.inf and offset > self._deleted.get(name, -1):
            _remember(self._deleted, name, offset, self._limit)
        return True

    def is_replaced(self, document: Hashable, version: Version) -> bool:
        """Tell whether a newer result of the document is known."""
        return version < self._newest.get(hash(document), version)

    def is_deleted(self, document: Hashable, offset: int) -> bool:
        """Tell whether a deletion of this version of the document, or of a later one, is known."""
        return offset <= self._deleted.get(hash(document), -1)


def _remember(known: dict[int, V], name: int, value: V, limit: int) -> None:
    """Put a name last, and forget the first when there are too many."""
    known.pop(name, None)
    known[name] = value
    if len(known) > limit:
        del known[next(iter(known))]
