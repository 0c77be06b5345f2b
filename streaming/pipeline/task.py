"""The one `mapInPandas`: records of the input topic in, records of the output topics out.

It runs in Spark's Python worker, one an executor. It decodes each record, keeps several documents in flight at the
engine, and yields each result as soon as it is ready. A record followed through it, one row of each frame:

    in   key=b"a"  value=b'{"text": "..."}'  headers=[...]  topic="documents" partition=0 offset=7 timestamp=...
    out  topic="summaries"  key=b"a"  value=b'{"id": "a", "summary": "...", ...}'  headers=[...]

Results leave as they finish, but the results of one id leave in the order of their offsets, tombstones included. So the
last record of a key has its highest offset.

Every record that enters leaves as exactly one result. A failure that is not the document's own is held back until the
task ends, because too many of these failures stop the query (`max_failed_share`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from streaming.errors import DocumentError, DocumentFailed, QueryError
from streaming.messages import Document, Source
from streaming.pipeline.decode import Record, RecordFormat, Tombstone, decode
from streaming.pipeline.desk import Desk, contained
from streaming.pipeline.in_flight import in_flight
from streaming.pipeline.results import Result, Topics, dead_letter_result, summary_result, tombstone_result
from streaming.planning.work import Work

OUTPUT_SCHEMA = "topic string, key binary, value binary, headers array<struct<key: string, value: binary>>"
_COLUMNS = ["topic", "key", "value", "headers"]
# With fewer failures than this, their share says nothing.
_FEWEST_FAILURES = 10


@dataclass(frozen=True)
class TaskPlan:
    """The plan of every task: how records are read, the work on each document, and the topics of the results."""

    work: Work
    record_format: RecordFormat
    topics: Topics
    max_failed_share: float


def summarize(task_plan: TaskPlan) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return the function for `mapInPandas`: it decodes and summarizes the records of one task."""

    def task(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        return _Task(task_plan, Desk(task_plan.work)).run(_records(frames))

    return task


@dataclass(frozen=True)
class _Outcome:
    """A result; `failure` is set when it is a dead letter for a reason that is not the document's own."""

    result: Result
    failure: DocumentFailed | None = None


class _Task:
    """One Spark task: its documents in flight, its counts."""

    def __init__(self, task_plan: TaskPlan, desk: Desk) -> None:
        self._task_plan = task_plan
        self._desk = desk
        self._entered = self._left = 0
        self._held_back: list[_Outcome] = []
        # By id: set when its newest document is done; the next document of the same id waits for it.
        self._newest: dict[str, asyncio.Event] = {}

    def run(self, records: Iterator[Record]) -> Iterator[pd.DataFrame]:
        for outcomes in in_flight(records, self._begin, most=self._task_plan.work.in_flight):
            yield from self._emit(outcomes)
        yield from self._emit_failures()

    def _begin(self, record: Record) -> Coroutine[Any, Any, _Outcome]:
        self._entered += 1
        decoded: Document | Tombstone | DocumentError
        try:
            with contained():
                decoded = decode(record, self._task_plan.record_format)
        except DocumentError as error:
            decoded = error
        done, previous = asyncio.Event(), None
        if (document_id := _id_of(decoded)) is not None:
            previous, self._newest[document_id] = self._newest.get(document_id), done
        return self._in_turn(record, decoded, previous, done)

    async def _in_turn(
        self,
        record: Record,
        decoded: Document | Tombstone | DocumentError,
        previous: asyncio.Event | None,
        done: asyncio.Event,
    ) -> _Outcome:
        try:
            outcome = await self._outcome(record, decoded)
            if previous is not None:
                await previous.wait()
            return outcome
        finally:
            done.set()

    async def _outcome(self, record: Record, decoded: Document | Tombstone | DocumentError) -> _Outcome:
        topics = self._task_plan.topics
        stage = "decode"
        try:
            with contained():
                if isinstance(decoded, DocumentError):
                    raise decoded
                if isinstance(decoded, Tombstone):
                    stage = "publish"
                    return _Outcome(tombstone_result(decoded.key, record, topics))
                stage = "summarize"
                summary = await self._desk.summarize(decoded, record.source)
                stage = "publish"
                return _Outcome(summary_result(summary, record, topics))
        except DocumentError as error:
            failure = error if isinstance(error, DocumentFailed) else None
            return _Outcome(dead_letter_result(record, error, stage, topics), failure)

    def _emit(self, outcomes: Iterable[_Outcome]) -> Iterator[pd.DataFrame]:
        ready = []
        for outcome in outcomes:
            if outcome.failure is None:
                ready.append(outcome.result)
            else:
                self._held_back.append(outcome)
        self._left += len(ready)
        return _frames(ready)

    def _emit_failures(self) -> Iterator[pd.DataFrame]:
        """Emit the failures that are not the documents' own, or stop the query when they are too many."""
        failures = [outcome.failure for outcome in self._held_back if outcome.failure is not None]
        if len(failures) >= _FEWEST_FAILURES and len(failures) > self._task_plan.max_failed_share * self._entered:
            raise QueryError(
                f"{len(failures)} of {self._entered} documents of this batch failed for a reason that is not theirs "
                f"(the first: {failures[0].type}: {failures[0]}); nothing was committed, so remove the cause and start "
                "again, or raise max_failed_share."
            )
        self._left += len(self._held_back)
        yield from _frames([outcome.result for outcome in self._held_back])
        if self._left != self._entered:
            raise QueryError(f"{self._entered} records entered a task and {self._left} results left it: a bug.")


def _id_of(decoded: Document | Tombstone | DocumentError) -> str | None:
    if isinstance(decoded, Document):
        return decoded.id
    # A tombstone's key is the id of the summary that it deletes; bytes that are no text equal no id.
    return decoded.key.decode(errors="surrogateescape") if isinstance(decoded, Tombstone) else None


def _records(frames: Iterator[pd.DataFrame]) -> Iterator[Record]:
    for frame in frames:
        row: Any
        for row in frame.itertuples(index=False):
            headers = [] if row.headers is None else row.headers
            yield Record(
                key=row.key,
                value=row.value,
                headers=[(header["key"], header["value"]) for header in headers],
                source=Source(topic=row.topic, partition=row.partition, offset=row.offset, timestamp=row.timestamp),
            )


def _frames(results: list[Result]) -> Iterator[pd.DataFrame]:
    """Yield the results in one frame, and an empty frame that flushes it.

    Spark's worker buffers its output; a frame leaves the buffer when the next frame is written (see
    `spark.sql.execution.pandas.udf.buffer.size` in `session`). Without the empty frame the last result of a burst would
    wait for the next burst.
    """
    if results:
        rows = [(r.topic, r.key, r.value, [{"key": name, "value": raw} for name, raw in r.headers]) for r in results]
        yield pd.DataFrame(rows, columns=_COLUMNS)
        yield pd.DataFrame(columns=_COLUMNS, dtype=object)
