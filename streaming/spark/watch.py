"""Watches a running query: tells of each micro-batch, and ends the query between two of them when asked to.

A micro-batch is the unit of commit, so a stop waits for the running one; a batch that is cancelled replays.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from pyspark.sql.streaming.query import StreamingQuery

from streaming.errors import Abandoned

# How often the query is looked at: what a stop or a batch's line may lag behind.
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Batch:
    """A committed micro-batch; `end_offsets` is Spark's JSON of topic, partition and next offset."""

    number: int
    records: int
    dead_letters: int
    seconds: float
    end_offsets: str


class StopRequest:
    """A stop that somebody may ask for, by SIGTERM or Ctrl-C or `ask`. A second one does not wait for the batch."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.urgent = False

    @property
    def asked(self) -> bool:
        """Tell whether a stop was asked for."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask for the stop; again: at once."""
        self.urgent = self.asked
        self._asked.set()

    def listen(self) -> None:
        """Take SIGTERM and SIGINT from now on; Spark takes SIGINT for itself when it starts, so call it after."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.ask()


def watch(
    query: StreamingQuery,
    *,
    stop: StopRequest,
    grace: float,
    on_batch: Callable[[Batch], None],
    archive_query: StreamingQuery | None = None,
) -> None:
    """Watch `query` until it ends by itself or `stop` is asked for, calling `on_batch` after each micro-batch.

    When `archive_query` has ended, `query` is stopped, too; the caller raises the failure. A stop
    waits up to `grace` seconds for the running micro-batch and then raises `Abandoned`.
    """
    seen = -1
    patience: float | None = None
    while True:
        ended = query.awaitTermination(_LOOK_SECONDS)  # type: ignore[arg-type]
        broken = archive_query is not None and not archive_query.isActive
        stopping = stop.asked or broken
        batches = _batches_after(query, seen)
        if stopping and not ended and (batches or not _busy(query)):
            # At once, before the next batch has got far; and a batch that ended meanwhile is told of, too.
            query.stop()
            batches, ended = _batches_after(query, seen), True
        for batch in batches:
            seen = batch.number
            on_batch(batch)
        impatient = stopping and (patience := patience or time.monotonic() + grace) < time.monotonic()
        if ended or (broken and impatient):
            return
        if stopping and (stop.urgent or impatient):
            raise Abandoned(
                "Stopped before the running micro-batch ended; nothing is lost: it will run again at the next "
                "start, and the summaries it had already made will come twice. To wait longer, raise --grace."
            )


def finish(query: StreamingQuery, *, stop: StopRequest) -> None:
    """Wait until a query that ends by itself has ended; only a stop that does not wait ends it before."""
    while not query.awaitTermination(_LOOK_SECONDS):  # type: ignore[arg-type]
        if stop.urgent:
            query.stop()


def _busy(query: StreamingQuery) -> bool:
    status = query.status
    return bool(status["isTriggerActive"] and status["isDataAvailable"])


def _batches_after(query: StreamingQuery, seen: int) -> list[Batch]:
    """Return the micro-batches with records that ended since number `seen`, oldest first."""
    last = query.lastProgress
    # An idle query reports its last batch again from time to time.
    if last is None or last["batchId"] <= seen:
        return []
    return [_batch(p) for p in query.recentProgress if p["batchId"] > seen and p["numInputRows"] > 0]


def _batch(progress: Any) -> Batch:
    observed = progress["observedMetrics"].get("results")
    end = progress["sources"][0]["endOffset"]
    return Batch(
        number=progress["batchId"],
        records=progress["numInputRows"],
        dead_letters=observed["dead_letters"] if observed else 0,
        seconds=progress["durationMs"].get("triggerExecution", 0) / 1000,
        end_offsets=end if isinstance(end, str) else json.dumps(end),
    )
