"""The one `mapInPandas`: records of the input topic in, records of the output topics out.

It runs in Spark's Python worker, one an executor. It decodes each record and reads the file that it may refer to, keeps
several documents in flight at the engine, and yields each result as soon as it is ready. A record followed through it,
one row of each frame:

    in   key=b"a"  value=b'{"text": "..."}'  headers=[...]  topic="documents" partition=0 offset=7 timestamp=...
    out  topic="summaries"  key=b"a"  value=b'{"id": "a", "summary": "...", ...}'  headers=[...]

Results leave as they finish, but the results of one id leave in the order of their offsets, tombstones included. So the
last record of a key has its highest offset.

Every record that enters leaves as exactly one result. A failure that is not the document's own is held back until the
task ends, because too many of these failures stop the query (`max_failed_share`). Documents that were redriven do not
count there: they failed before, and must not stop the others. Records that cannot be read are held back, too, while a
way of reading is unproven and none could be read: a misspelt field must not empty a topic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from streaming.errors import DocumentError, DocumentFailed, QueryError, UsageError
from streaming.messages import Record, Source, Summary, restored
from streaming.pipeline.decode import Decoded, RecordFormat, Tombstone, decode
from streaming.pipeline.desk import Desk, contained
from streaming.pipeline.in_flight import in_flight
from streaming.pipeline.reasons import reason_number
from streaming.pipeline.referenced import ReferencedTexts, ReferencePlan
from streaming.pipeline.results import Result, Topics, dead_letter_result, summary_result, tombstone_result
from streaming.pipeline.unreadable import unreadable
from streaming.planning.work import Work

# `reason` is a dead letter's, and `failure` its number among `REASONS`. The others are a summary's: `deletable` tells
# whether a deletion with the key of its record would delete it, `reused` whether it came from the store. They are for
# the counts of a micro-batch (`spark.counting`), not for the sinks.
OUTPUT_SCHEMA = (
    "topic string, key binary, value binary, headers array<struct<key: string, value: binary>>, reason string, "
    "failure int, deletable boolean, reused boolean, status string, prompt_tokens bigint, completion_tokens bigint, "
    "seconds double"
)
_INPUT_COLUMNS = ("key", "value", "headers", "topic", "partition", "offset", "timestamp")
_COLUMNS = [
    *("topic", "key", "value", "headers", "reason", "failure"),
    *("deletable", "reused", "status", "prompt_tokens", "completion_tokens", "seconds"),
]
# With fewer failures than this, their share says nothing.
_FEWEST_FAILURES = 10

_Read = Decoded | Tombstone | DocumentError


@dataclass(frozen=True)
class TaskPlan:
    """The plan of every task: how records and their files are read, the work on each document, the results' topics."""

    work: Work
    record_format: RecordFormat
    topics: Topics
    max_failed_share: float
    references: ReferencePlan = field(default_factory=ReferencePlan)


def summarize(
    task_plan: TaskPlan, is_unproven: Callable[[], bool] = lambda: False
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return the function for `mapInPandas`: it decodes and summarizes the records of one task.

    `is_unproven` tells a task whether its micro-batch is the first that is read in this way.
    """

    def task(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        return _Task(task_plan, Desk(task_plan.work), unproven=is_unproven()).run(_records(frames))

    return task


@dataclass(frozen=True)
class _Outcome:
    """A result; `error` is set when it is a dead letter, which failed at `stage`, `summary` when it is a summary.

    `redriven` tells whether the document had failed before, `deletable` whether its key names its summary.
    """

    result: Result
    error: DocumentError | None = None
    stage: str = ""
    redriven: bool = False
    summary: Summary | None = None
    deletable: bool | None = None

    @property
    def unread(self) -> bool:
        """Whether its record, or the file that it refers to, could not be read."""
        return self.stage == "decode"

    @property
    def failure(self) -> DocumentFailed | None:
        """The error, when it is not the document's own and the document did not fail before."""
        return self.error if isinstance(self.error, DocumentFailed) and not self.redriven else None

    @property
    def reason(self) -> str | None:
        """The reason of a dead letter, on one line."""
        return None if self.error is None else f"{self.error.type}: {self.error}"


class _Task:
    """One Spark task: its documents in flight, its counts."""

    def __init__(self, task_plan: TaskPlan, desk: Desk, *, unproven: bool) -> None:
        self._task_plan = task_plan
        self._desk = desk
        self._unproven = unproven
        self._entered = self._redriven = self._left = self._readable = 0
        self._held_back: list[_Outcome] = []
        self._unread: list[_Outcome] = []
        # By id: set when its newest document is done; the next document of the same id waits for it.
        self._newest: dict[str, asyncio.Event] = {}
        self._texts = ReferencedTexts(task_plan.references)

    def run(self, records: Iterator[Record]) -> Iterator[pd.DataFrame]:
        with closing(self._texts):
            for outcomes in in_flight(records, self._begin, most=self._task_plan.work.in_flight):
                yield from self._emit(outcomes)
        yield from self._emit_unread()
        yield from self._emit_failures()

    def _begin(self, record: Record) -> Coroutine[Any, Any, _Outcome]:
        self._entered += 1
        self._redriven += record.attempts > 0
        decoded: _Read
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
        decoded: _Read,
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

    async def _outcome(self, record: Record, decoded: _Read) -> _Outcome:
        topics = self._task_plan.topics
        stage = "decode"
        try:
            with contained():
                if isinstance(decoded, DocumentError):
                    raise decoded
                if isinstance(decoded, Tombstone):
                    stage = "publish"
                    return _Outcome(tombstone_result(decoded, record, topics))
                async with self._texts.document(decoded.document) as (document, mended):
                    self._readable += 1
                    stage = "summarize"
                    summary = await self._desk.summarize(document, record.source)
                stage = "publish"
                summary = summary.model_copy(update={"mended": [*decoded.mended, *mended]})
                result = summary_result(summary, record, topics)
                return _Outcome(result, summary=summary, deletable=decoded.deletable)
        except DocumentError as error:
            result = dead_letter_result(record, error, stage, topics)
            return _Outcome(result, error, stage, redriven=record.attempts > 0)

    def _emit(self, outcomes: Iterable[_Outcome]) -> Iterator[pd.DataFrame]:
        ready: list[_Outcome] = []
        for outcome in outcomes:
            if outcome.failure is not None:
                self._held_back.append(outcome)
            elif self._unproven and outcome.unread:
                self._unread.append(outcome)
            else:
                ready.append(outcome)
        self._left += len(ready)
        return _frames(ready)

    def _emit_unread(self) -> Iterator[pd.DataFrame]:
        """Emit the records that could not be read, or stop the query when its first records are nearly all such."""
        if sentence := unreadable([outcome.error for outcome in self._unread if outcome.error], self._readable):
            raise UsageError(sentence)
        self._left += len(self._unread)
        yield from _frames(self._unread)

    def _emit_failures(self) -> Iterator[pd.DataFrame]:
        """Emit the failures that are not the documents' own, or stop the query when they are too many."""
        failures = [outcome.failure for outcome in self._held_back if outcome.failure is not None]
        entered = self._entered - self._redriven
        if len(failures) >= _FEWEST_FAILURES and len(failures) > self._task_plan.max_failed_share * entered:
            raise QueryError(
                f"{len(failures)} of {entered} documents of this batch failed for a reason that is not theirs "
                f"(the first: {failures[0].type}: {failures[0]}); nothing was committed. Remove the cause and start "
                "again, or let them become dead letters: `gistream run --max-failed-share 1`."
            )
        self._left += len(self._held_back)
        yield from _frames(self._held_back)
        if self._left != self._entered:
            raise QueryError(f"{self._entered} records entered a task and {self._left} results left it: a bug.")


def _id_of(decoded: _Read) -> str | None:
    return None if isinstance(decoded, DocumentError) else decoded.id


def _records(frames: Iterator[pd.DataFrame]) -> Iterator[Record]:
    for frame in frames:
        # For frames of a few rows four times as fast as `itertuples`.
        for key, value, headers, *source in zip(*(frame[name] for name in _INPUT_COLUMNS), strict=True):
            topic, partition, offset, timestamp = source
            record = Record(
                key=key,
                value=value,
                headers=[(header["key"], header["value"]) for header in (() if headers is None else headers)],
                source=Source(topic=topic, partition=partition, offset=offset, timestamp=timestamp),
            )
            yield restored(record)


def _frames(outcomes: list[_Outcome]) -> Iterator[pd.DataFrame]:
    """Yield the outcomes in one frame, which leaves at once (`spark.sql.execution.pandas.udf.buffer.size`)."""
    if outcomes:
        yield pd.DataFrame([_row(outcome) for outcome in outcomes], columns=_COLUMNS)


def _row(outcome: _Outcome) -> tuple[Any, ...]:
    result = outcome.result
    headers = [{"key": name, "value": raw} for name, raw in result.headers]
    failure = None if outcome.error is None else reason_number(outcome.stage, outcome.error.type)
    row = (result.topic, result.key, result.value, headers, outcome.reason, failure, outcome.deletable)
    if (summary := outcome.summary) is None:
        return *row, None, None, None, None, None
    return *row, summary.reused, summary.status, summary.tokens.prompt, summary.tokens.completion, summary.seconds
