"""Which of several results of one document is the newest: the delivery rule (docs/delivery.md).

The highest source offset counts, not the last arrival. For the same offset it is a deletion, which `gistream forget`
sends, and else, as there may be several recipes, the later `produced_at`.
"""

from __future__ import annotations

import math
from datetime import datetime, timezone

from streaming.messages import DeadLetter, Deletion, OutputMessage, Summary

# Orders the results of one document: the offset of its record, then the time of its summary in seconds since 1970; of a
# dead letter the attempts.
Version = tuple[int, float]


def version(result: OutputMessage) -> Version:
    """Return what orders `result` among the results of one document; the highest is the newest.

    Offsets compare within one partition of one topic only. A result without a source has offset -1.
    """
    offset = -1 if result.source is None else result.source.offset
    if isinstance(result, Deletion):
        return offset, math.inf
    if isinstance(result, DeadLetter):
        return offset, result.error.attempts
    return offset, seconds_of(result.produced_at) if isinstance(result, Summary) else 0.0


def seconds_of(moment: datetime) -> float:
    """Return a time in seconds since 1970; one without a zone, which gistream does not write, counts as UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


class NewestResults:
    """Leaves out results that a reader has read before, or that are older than one that it has read."""

    def __init__(self, limit: int) -> None:
        """Remember the newest results of the last `limit` documents; of an older one a repeat is not noticed."""
        self._limit = limit
        # The newest result of each document, and the recipes of all results of its offset.
        self._seen: dict[tuple[str, int, str], tuple[Version, frozenset[str]]] = {}

    def admit(self, result: OutputMessage) -> bool:
        """Return whether `result` is the newest of its document so far, and no repeat; remembers it."""
        if result.source is None:
            return True
        source, recipe = result.source, result.recipe if isinstance(result, Summary) else ""
        if isinstance(result, DeadLetter):
            # A redriven document that failed again is no repeat.
            recipe = str(result.error.attempts)
        name = result.id if isinstance(result, Summary | Deletion) else f"offset {source.offset}"
        # Offsets compare within one partition only. A key stays in one, unless partitions were added to the topic.
        document, own = (source.topic, source.partition, name), version(result)
        newest, recipes = self._seen.get(document, (own, frozenset()))
        if own[0] > newest[0]:
            recipes = frozenset()
        if own < newest or recipe in recipes:
            return False
        self._seen[document] = own, recipes | {recipe}
        if len(self._seen) > self._limit:
            del self._seen[next(iter(self._seen))]
        return True
