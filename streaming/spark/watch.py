"""Watches a running query: reports each micro-batch, and stops the query between two micro-batches on request.

A micro-batch is the unit of commit, so a stop waits for the running one; a cancelled batch runs again.
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

from pyspark.sql import DataFrame
from pyspark.sql.functions import col, count, when
from pyspark.sql.streaming.query import StreamingQuery

from streaming.errors import Abandoned

# Between two looks at the query: a stop, and the line of a batch, may be late by this.
_LOOK_SECONDS = 0.2
# The name of the metrics that Spark counts along with the results of a micro-batch.
_METRICS = "results"


@dataclass(frozen=True)
class Batch:
    """A committed micro-batch; `end_offsets` is Spark's JSON of topic, partition and next offset."""

    number: int
    records: int
    dead_letters: int
    seconds: float
    end_offsets: str


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
    """Return `results`, which Spark counts from now on: `watch` reports the dead letters of each micro-batch."""
    return results.observe(
        _METRICS,
        count("topic").alias("results"),
        count(when(col("topic") == dead_letter_topic, 1)).alias("dead_letters"),
    )


def watch(
    query: StreamingQuery,
    *,
    stop: StopRequest,
    grace: float,
    on_batch: Callable[[Batch], None],
    archive_query: StreamingQuery | None = None,
) -> None:
    """Watch `query` until it ends by itself or `stop` is requested, calling `on_batch` after each micro-batch.

    When `archive_query` has ended, `query` is stopped, too; the caller raises the failure. A stop waits up to `grace`
    seconds for the running micro-batch and then raises `Abandoned`.
    """
    last_number = -1
    deadline: float | None = None
    while True:
        ended = query.awaitTermination(_LOOK_SECONDS)  # type: ignore[arg-type]
        archive_failed = archive_query is not None and not archive_query.isActive
        stopping = stop.requested or archive_failed
        batches = _batches_after(query, last_number)
        if stopping and not ended and (batches or not _busy(query)):
            # At once, before the next batch has got far. A batch that ended meanwhile is reported, too.
            query.stop()
            batches, ended = _batches_after(query, last_number), True
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


def finish(query: StreamingQuery, *, stop: StopRequest) -> None:
    """Wait until a query that ends by itself has ended; only an urgent stop ends it early."""
    while not query.awaitTermination(_LOOK_SECONDS):  # type: ignore[arg-type]
        if stop.urgent:
            query.stop()


def _busy(query: StreamingQuery) -> bool:
    status = query.status
    return bool(status["isTriggerActive"] and status["isDataAvailable"])


def _batches_after(query: StreamingQuery, number: int) -> list[Batch]:
    """Return the micro-batches with records that ended after micro-batch `number`, oldest first."""
    last = query.lastProgress
    # An idle query reports its last batch again from time to time.
    if last is None or last["batchId"] <= number:
        return []
    return [
        _batch(progress)
        for progress in query.recentProgress
        if progress["batchId"] > number and progress["numInputRows"] > 0
    ]


def _batch(progress: Any) -> Batch:
    observed = progress["observedMetrics"].get(_METRICS)
    end = progress["sources"][0]["endOffset"]
    return Batch(
        number=progress["batchId"],
        records=progress["numInputRows"],
        dead_letters=observed["dead_letters"] if observed else 0,
        seconds=progress["durationMs"].get("triggerExecution", 0) / 1000,
        end_offsets=end if isinstance(end, str) else json.dumps(end),
    )
