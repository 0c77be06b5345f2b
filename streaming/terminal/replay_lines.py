"""The lines of a replay: what it is, how far it is, and how long the rest may take."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from streaming.wording import counted, duration

# Micro-batches whose pace counts as the present one.
_RECENT = 5


class RemainingTime:
    """The time that the rest of a range takes, between the pace of the whole run and that of its last micro-batches.

    Both count offsets, because nobody knows how many of the rest are documents. It says nothing after one micro-batch,
    which also has the loading of the model.
    """

    def __init__(self) -> None:
        self._recent: deque[tuple[int, float]] = deque(maxlen=_RECENT)
        self._offsets = 0
        self._seconds = 0.0
        self._batches = 0

    def add(self, offsets: int, seconds: float) -> None:
        """Count a micro-batch."""
        self._batches += 1
        if self._batches == 1:
            return
        self._offsets += offsets
        self._seconds += seconds
        self._recent.append((offsets, seconds))

    def seconds(self, offsets: int) -> tuple[float, float] | None:
        """Return the least and the most seconds that so many offsets may take; None while that is unknown."""
        recent_offsets = sum(offsets for offsets, _ in self._recent)
        if not recent_offsets or not self._offsets:
            return None
        paces = self._seconds / self._offsets, sum(seconds for _, seconds in self._recent) / recent_offsets
        return offsets * min(paces), offsets * max(paces)


def between(low: float, high: float) -> str:
    """Return a range of durations, or the one that both are."""
    least, most = duration(low), duration(high)
    if least == most:
        return least
    same_unit = least.split()[1] == most.split()[1]
    return f"{least.split()[0] if same_unit else least} to {most}"


def remaining(read: int, total: int, rest: tuple[float, float] | None) -> str:
    """Return how far a replay is."""
    share = f"{read:,} of {counted(total, 'offset')}"
    return share if rest is None or read >= total else f"{share}, {between(*rest)} left"


def results(counts: Mapping[str, Any]) -> str:
    """Return the counts of a replay's results."""
    parts = [counted(counts["summaries"], "summary", "summaries")]
    for name, noun in (("dead_letters", "dead letter"), ("deletions", "deletion")):
        if counts[name]:
            parts.append(counted(counts[name], noun))
    if counts["reused"]:
        parts.append(f"{counts['reused']:,} of the summaries from the store")
    if counts["skipped"]:
        parts.append(f"{counted(counts['skipped'], 'record')} left out by the filter")
    return ", ".join(parts)


def replay_table(replays: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table of replays as `replay_record.listed` has them."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "state", "by", "range", "filter", "prompt, model", "recipe", "output topic", "done", "results"):
        table.add_column(name)
    for replay in replays:
        total = sum(item["end"] - item["start"] for item in replay["ranges"])
        starts = (item["start"] for item in replay["ranges"])
        read = sum(position - start for position, start in zip(replay["positions"], starts, strict=True))
        table.add_row(
            replay["id"],
            replay["state"],
            replay["user"],
            f"{replay['start']} to {replay['end']}",
            " ".join(replay["filters"]),
            f"{replay['prompt']}, {replay['model']}",
            replay["recipe"],
            replay["output_topic"],
            f"{read / max(1, total):.0%}",
            results(replay),
        )
    return table
