"""The one `mapInPandas`: records of the input topic in, records of the output topics out.

It runs in Spark's Python worker, one an executor. It decodes each record, keeps several documents in flight at the
engine, and yields each result as soon as it is there. A record followed through it, one row of each frame:

    in   key=b"a"  value=b'{"text": "..."}'  headers=[...]  topic="documents" partition=0 offset=7 timestamp=...
    out  topic="summaries"  key=b"a"  value=b'{"id": "a", "summary": "...", ...}'  headers=[...]

Results leave as they finish, but those of one id in the order of their offsets, so that the last record of a key is
that of its highest offset. A tombstone takes its turn with them.

Every record that enters leaves as exactly one result; a result that fails for a reason of ours is held back until the
task ends, because too many of them stop the query instead (`max_failed_share`).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from streaming.decode import NamedDocument, Reading, Record, Tombstone, decode
from streaming.errors import BadInput, DocumentError, DocumentFailed, GistreamError, QueryError
from streaming.messages import ModelInfo, PromptInfo, Signals, Source, Summary, Tokens
from streaming.protocol import Engine, EngineRecipe
from streaming.results import Result, Topics, dead_letter_result, now, summary_result, tombstone_result
from streaming.summarizer import PromptProfile, Recipe, Summarizer, Text

OUTPUT_SCHEMA = "topic string, key binary, value binary, headers array<struct<key: string, value: binary>>"
_COLUMNS = ["topic", "key", "value", "headers"]
# Below this many failures their share says nothing.
_FEWEST_FAILURES = 10


@dataclass(frozen=True)
class Job:
    """What an executor needs to summarize: small, picklable, made once by the driver.

    `in_flight` documents are open at once; a document may take `deadline` seconds.
    """

    engine: EngineRecipe
    recipe: Recipe
    model: ModelInfo
    profiles: dict[str, PromptProfile]
    default_profile: str
    reading: Reading
    topics: Topics
    in_flight: int
    deadline: float
    max_failed_share: float


def summarize(job: Job) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return the function that `mapInPandas` gets: it summarizes the records of one task."""

    def task(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        return _Task(job, _engine(job.engine)).run(_records(frames))

    return task


# The engine of this worker process. Spark keeps the process across tasks and micro-batches, and so the model.
_loaded: dict[EngineRecipe, Engine] = {}


def _engine(recipe: EngineRecipe) -> Engine:
    if recipe not in _loaded:
        # One model at a time: a worker that serves another query now must not hold both.
        while _loaded:
            _loaded.popitem()[1].close()
        began = time.monotonic()
        _loaded[recipe] = recipe.load()
        # Spark takes a worker's standard error into its log.
        sys.stderr.write(f"gistream: model loaded in {time.monotonic() - began:.1f} s by process {os.getpid()}\n")
    return _loaded[recipe]


@dataclass(frozen=True)
class _Outcome:
    """A result, and the failure of ours that it stands for, if it does."""

    result: Result
    failed: DocumentFailed | None = None


class _Task:
    """One Spark task: its documents in flight, its counts."""

    def __init__(self, job: Job, engine: Engine) -> None:
        self._job = job
        self._summarizer = Summarizer(engine, job.recipe)
        self._entered = self._left = 0
        self._held: list[_Outcome] = []
        # The newest work of each id in flight, which the next of the same id waits for.
        self._newest: dict[str, asyncio.Task[_Outcome]] = {}

    def run(self, records: Iterator[Record]) -> Iterator[pd.DataFrame]:
        loop = asyncio.new_event_loop()
        open_tasks: dict[asyncio.Task[_Outcome], None] = {}
        exhausted = False
        try:
            while True:
                while not exhausted and len(open_tasks) < self._job.in_flight:
                    record = next(records, None)
                    if record is None:
                        exhausted = True
                    else:
                        open_tasks[self._start(record, loop)] = None
                if not open_tasks:
                    break
                done, _ = loop.run_until_complete(asyncio.wait(open_tasks, return_when=asyncio.FIRST_COMPLETED))
                # In the order they entered, which is that of the offsets.
                finished = [task for task in open_tasks if task in done]
                for task in finished:
                    del open_tasks[task]
                yield from self._emit([task.result() for task in finished])
            yield from self._emit_held()
        finally:
            for task in open_tasks:
                task.cancel()
            if open_tasks:
                loop.run_until_complete(asyncio.wait(open_tasks))
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    def _start(self, record: Record, loop: asyncio.AbstractEventLoop) -> asyncio.Task[_Outcome]:
        self._entered += 1
        decoded: NamedDocument | Tombstone | BadInput
        try:
            decoded = decode(record, self._job.reading)
        except BadInput as error:
            decoded = error
        name = _order_by(decoded)
        previous = self._newest.get(name) if name is not None else None
        task = loop.create_task(self._in_turn(previous, record, decoded))
        if name is not None:
            self._newest[name] = task
        return task

    async def _in_turn(
        self, previous: asyncio.Task[_Outcome] | None, record: Record, decoded: NamedDocument | Tombstone | BadInput
    ) -> _Outcome:
        outcome = await self._outcome(record, decoded)
        if previous is not None:
            await asyncio.wait([previous])
        return outcome

    async def _outcome(self, record: Record, decoded: NamedDocument | Tombstone | BadInput) -> _Outcome:
        topics = self._job.topics
        stage = "decode"
        try:
            if isinstance(decoded, BadInput):
                raise decoded
            if isinstance(decoded, Tombstone):
                stage = "publish"
                return _Outcome(tombstone_result(decoded.key, record, topics))
            stage = "summarize"
            summary = await self._summarize(record, decoded)
            stage = "publish"
            return _Outcome(summary_result(summary, record, topics))
        except DocumentError as error:
            failed = error if isinstance(error, DocumentFailed) else None
            return _Outcome(dead_letter_result(record, error, stage, topics), failed)
        except (GistreamError, asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - what a library breaks on (a Rust panic is no Exception)
            # costs this document, or it would stop the query for ever. Its words may hold the text; its kind does not.
            kind = type(error).__name__
            sys.stderr.write(f"gistream: {kind} in {stage}:\n{''.join(traceback.format_tb(error.__traceback__))}")
            unexpected = DocumentFailed(f"an unexpected {kind}", type="Unexpected")
            return _Outcome(dead_letter_result(record, unexpected, stage, topics), unexpected)

    async def _summarize(self, record: Record, named: NamedDocument) -> Summary:
        document, job = named.document, self._job
        profile = job.profiles.get(document.prompt or job.default_profile)
        if profile is None:
            # Its name is not repeated: it is a stranger's text.
            raise BadInput(
                f"its prompt names no profile; there are: {', '.join(sorted(job.profiles))}", type="UnknownPrompt"
            )
        written = await self._summarizer.summarize(
            Text(document.text, profile, document.language), deadline=time.monotonic() + job.deadline
        )
        return Summary(
            id=named.id,
            title=document.title,
            summary=written.summary,
            status=written.status,
            model=job.model,
            prompt=PromptInfo(name=profile.name, sha256=profile.sha256),
            recipe=job.recipe.hash(profile),
            strategy=written.strategy,
            chunks=written.chunks,
            tokens=Tokens(prompt=written.prompt_tokens, completion=written.completion_tokens),
            seconds=round(written.seconds, 3),
            signals=Signals(
                repetition=round(written.repetition, 4),
                compression=round(written.compression, 4),
                finish=written.finish,
            ),
            document_sha256=hashlib.sha256(document.text.encode()).hexdigest(),
            source=record.source,
            produced_at=now(),
            metadata=document.metadata,
        )

    def _emit(self, outcomes: Iterable[_Outcome]) -> Iterator[pd.DataFrame]:
        ready = []
        for outcome in outcomes:
            if outcome.failed is None:
                ready.append(outcome.result)
            else:
                self._held.append(outcome)
        self._left += len(ready)
        return _frames(ready)

    def _emit_held(self) -> Iterator[pd.DataFrame]:
        """Emit the failures that are ours, or stop the query when they are too many."""
        failures = [outcome.failed for outcome in self._held if outcome.failed is not None]
        if len(failures) >= _FEWEST_FAILURES and len(failures) > self._job.max_failed_share * self._entered:
            raise QueryError(
                f"{len(failures)} of {self._entered} documents of this batch failed for a reason that is not theirs "
                f"(the first: {failures[0].type}: {failures[0]}); nothing was committed, so mend the cause and start "
                "again, or raise max_failed_share."
            )
        self._left += len(self._held)
        yield from _frames([outcome.result for outcome in self._held])
        if self._left != self._entered:
            raise QueryError(f"{self._entered} records entered a task and {self._left} results left it: a bug.")


def _order_by(decoded: NamedDocument | Tombstone | BadInput) -> str | None:
    if isinstance(decoded, NamedDocument):
        return decoded.id
    # A tombstone's key is the id of the summary it deletes; bytes that are no text equal no id.
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
    """Yield the results in one frame, and an empty frame that pushes it out.

    Spark's worker buffers what it writes; a frame leaves the buffer when the next one is written (see
    `spark.sql.execution.pandas.udf.buffer.size` in `session`). Without the empty one the last result of a burst waits
    for the next burst.
    """
    if results:
        rows = [(r.topic, r.key, r.value, [{"key": name, "value": raw} for name, raw in r.headers]) for r in results]
        yield pd.DataFrame(rows, columns=_COLUMNS)
        yield pd.DataFrame(columns=_COLUMNS, dtype=object)
