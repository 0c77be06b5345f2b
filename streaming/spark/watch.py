"""Watches a running query: reports each micro-batch, and stops the query between two micro-batches on request.

A micro-batch is the unit of commit, so a stop waits for the running one; a cancelled batch runs again.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from streaming.errors import Abandoned
from streaming.spark.counting import COUNTED, Tally, counts, read_tally

# Between two looks at the query: a stop, and the line of a batch, may be late by this.
_LOOK_SECONDS = 0.2
# The name of the metrics that Spark counts along with the results of a micro-batch.
_METRICS = "results"


@dataclass(frozen=True)
class Batch:
    """A committed micro-batch; `end_offsets` is Spark's JSON of topic, partition and next offset.

    `reason` is the most frequent reason of its dead letters. `deletions` counts the records without a value, and
    `undeletable` the documents that go by another id than their record's key names, so that no deletion finds them.
    `reused` counts the summaries that came from the store. `tally` has the counts for monitoring.
    """

    number: int
    records: int
    dead_letters: int
    reason: str | None
    deletions: int
    undeletable: int
    reused: int
    seconds: float
    end_offsets: str
    tally: Tally = field(default_factory=Tally)


class StopRequest:
    """A request to stop, by SIGTERM, by Ctrl-C or by `request`. A second one does not wait for the micro-batch."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.urgent = False

    @property
    def requested(self) -> bool:
        """Whether a stop was requested."""
        return self._event.is_set()

    def request(self) -> None:
        """Request the stop; the second request makes it urgent."""
        self.urgent = self.requested
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait for the request, but no longer than this."""
        self._event.wait(seconds)

    def listen(self) -> None:
        """Handle SIGTERM and SIGINT from now on; call it after the start of Spark, which takes SIGINT for itself."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.request()


def count_results(results: DataFrame, dead_letter_topic: str) -> DataFrame:
    """Return `results` for a sink; Spark counts them from now on, and `watch` reports the counts."""
    return results.observe(_METRICS, *counts(dead_letter_topic)).drop(*COUNTED)


def read_counts(counted: Any, number: int, records: int, seconds: float, end_offsets: str) -> Batch:
    """Return a micro-batch with its counts; they are None when no task counted."""
    return Batch(
        number=number,
        records=records,
        dead_letters=counted["dead_letters"] if counted else 0,
        reason=counted["reason"] if counted else None,
        deletions=counted["deletions"] if counted else 0,
        undeletable=counted["undeletable"] if counted else 0,
        reused=counted["reused"] if counted else 0,
        seconds=seconds,
        end_offsets=end_offsets,
        tally=read_tally(counted),
    )


def watch(
    query: StreamingQuery,
    *,
    stop: StopRequest,
    grace: float,
    on_batch: Callable[[Batch], None],
    on_look: Callable[[bool], None] = lambda _stopping: None,
    archive_query: StreamingQuery | None = None,
) -> None:
    """Watch `query` until it ends by itself or `stop` is requested, calling `on_batch` after each micro-batch.

    `on_look` is called a few times a second, with whether the query is to stop. When `archive_query` has ended, `query`
    is stopped, too; the caller raises the failure. A stop waits up to `grace` seconds for the running micro-batch and
    then raises `Abandoned`.
    """
    last_number = -1
    deadline: float | None = None
    while True:
        try:
            ended = query.awaitTermination(_LOOK_SECONDS)  # type: ignore[arg-type]
        except PySparkException:
            # What was committed before the failure is committed.
            for batch in batches_after(query, last_number):
                on_batch(batch)
            raise
        archive_failed = archive_query is not None and not archive_query.isActive
        stopping = stop.requested or archive_failed
        on_look(stopping)
        batches = batches_after(query, last_number)
        if stopping and not ended and (batches or not _busy(query)):
            # At once, before the next batch has got far. A batch that ended meanwhile is reported, too.
            query.stop()
            batches, ended = batches_after(query, last_number), True
        for batch in batches:
            last_number = batch.number
            on_batch(batch)
        late = stopping and (deadline := deadline or time.monotonic() + grace) < time.monotonic()
        if ended or (archive_failed and late):
            return
        if stopping and (stop.urgent or late):
            raise Abandoned(
                "Stopped before the running micro-batch ended; nothing is lost: it will run again at the next "
                "start, and the summaries that it had already made will come twice. To wait longer, raise --grace."
            )


def finish(query: StreamingQuery, *, stop: StopRequest, on_progress: Callable[[], None]) -> None:
    """Wait until a query that ends by itself has ended; only an urgent stop ends it early.

    `on_progress` is called after each of its micro-batches.
    """
    last_number = None
    while not query.awaitTermination(_LOOK_SECONDS):  # type: ignore[arg-type]
        progress = query.lastProgress
        if progress is not None and progress["batchId"] != last_number:
            last_number = progress["batchId"]
            on_progress()
        if stop.urgent:
            query.stop()


def _busy(query: StreamingQuery) -> bool:
    status = query.status
    return bool(status["isTriggerActive"] and status["isDataAvailable"])


def batches_after(query: StreamingQuery, number: int) -> list[Batch]:
    """Return the micro-batches that ended after micro-batch `number`, oldest first."""
    last = query.lastProgress
    if last is None or last["batchId"] <= number:
        return []
    return [
        _batch(progress) for progress in query.recentProgress if progress["batchId"] > number and _has_moved(progress)
    ]


def _has_moved(progress: Any) -> bool:
    # An idle query reports its last batch again from time to time, and also the number of its next one.
    source = progress["sources"][0]
    return progress["numInputRows"] > 0 or source["endOffset"] not in (None, source["startOffset"])


def _batch(progress: Any) -> Batch:
    end = progress["sources"][0]["endOffset"]
    return read_counts(
        progress["observedMetrics"].get(_METRICS),
        progress["batchId"],
        progress["numInputRows"],
        progress["durationMs"].get("triggerExecution", 0) / 1000,
        end if isinstance(end, str) else json.dumps(end),
    )
