"""`gistream replay`: summarizes a range of the input again, with its own settings, to a topic of its own.

A replay is no query: it has a checkpoint, an engine and a topic of its own, and commits to no consumer group, so
the running query does not notice it. Its range is a list of offsets that is fixed when it begins.

Item: one record of the range that the filter takes. Unit of commit: a micro-batch, as in a query.
Guarantee: at least once. After a crash, results of the micro-batch that was not committed may stand twice, with the
same identity.
"""

from __future__ import annotations

import getpass
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from streaming.errors import Abandoned, UsageError
from streaming.kafka.records import Ranges
from streaming.kafka.topics import Admin
from streaming.messages import Record
from streaming.operations.offset_range import Bound, resolve
from streaming.operations.replay_filter import ReplayFilter
from streaming.operations.replay_reading import ReadBatch, read_batches
from streaming.operations.replay_record import (
    OffsetRange,
    ReplayFolder,
    ReplayProgress,
    ReplayRecord,
    new_id,
    now,
)
from streaming.pipeline.decode import record_format
from streaming.settings import Settings, changed
from streaming.settings.record_fields import RECORD_SETTINGS
from streaming.spark.checkpoint import Checkpoint
from streaming.spark.cluster import wait_for_executors
from streaming.spark.engine_start import start_engine
from streaming.spark.explain import explained
from streaming.spark.pace import Pace, pace_of
from streaming.spark.prepare import Plan, prepare
from streaming.spark.query import hold_checkpoint
from streaming.spark.record_batch import run_records
from streaming.spark.session import spark_log, spark_session
from streaming.spark.watch import Batch, StopRequest

# Between two looks for a cancellation.
_CANCELLED_SECONDS = 1.0


class RunBatch(Protocol):
    """Runs a micro-batch, as `record_batch.run_records` does."""

    def __call__(
        self,
        tasks: Sequence[Sequence[Record]],
        number: int,
        *,
        unproven: bool,
        stop: StopRequest,
        on_look: Callable[[float], None],
    ) -> Batch:
        """Run one micro-batch."""


@dataclass
class Replay:
    """A replay that may run: its folder, record and progress, and the plan of its work."""

    folder: ReplayFolder
    record: ReplayRecord
    progress: ReplayProgress
    plan: Plan

    @property
    def offsets(self) -> int:
        """The number of offsets of the range."""
        return sum(item.end - item.start for item in self.record.ranges)

    @property
    def read_offsets(self) -> int:
        """The number of offsets that are done."""
        starts = (item.start for item in self.record.ranges)
        return sum(position - start for position, start in zip(self.progress.positions, starts, strict=True))


def find_ranges(settings: Settings, bounds: tuple[Bound, Bound]) -> Ranges:
    """Return the offsets that two bounds mean now, without empty partitions; raises as `resolve`."""
    with Admin(settings) as admin:
        topics = admin.inputs()
    ranges = resolve(settings, topics, *bounds)
    return {name: (start, end) for name, (start, end) in ranges.items() if start < end}


def begin(
    settings: Settings,
    ranges: Ranges,
    *,
    bounds: tuple[str, str],
    filters: Sequence[str],
    output_topic: str | None,
    dead_letter_topic: str | None,
) -> Replay:
    """Plan a replay of `ranges`, create its topics, and write its record; `bounds` and `filters` are as typed.

    Without an `output_topic` it gets a topic that no one reads yet. Raises as `prepare`.
    """
    ReplayFilter(filters, record_format(settings))
    moment = now()
    replay_id = new_id(moment)
    output = output_topic or f"{settings.output_topic}-{replay_id}"
    dead_letters = settings.dead_letter_topic if output == settings.output_topic else f"{output}-dead-letters"
    folder = ReplayFolder(settings, replay_id)
    own = _settings_of(settings, folder, ranges, output, dead_letter_topic or dead_letters)
    plan = prepare(own, like=Checkpoint(settings.checkpoint_location))
    work = plan.task_plan.work
    values = own.model_dump(mode="json")
    record = ReplayRecord(
        id=replay_id,
        user=getpass.getuser(),
        host=platform.node(),
        created_at=moment,
        start=bounds[0],
        end=bounds[1],
        filters=list(filters),
        ranges=[
            OffsetRange(topic=topic, partition=number, start=start, end=end)
            for (topic, number), (start, end) in ranges.items()
        ],
        recipe=work.recipe_name,
        prompt=settings.prompt,
        model=work.model.name,
        output_topic=own.output_topic,
        dead_letter_topic=own.dead_letter_topic,
        settings={
            **plan.recipe.settings,
            **{name: values[name] for name in RECORD_SETTINGS},
            **_absolute(own),
        },
    )
    return Replay(folder, record, folder.create(record), plan)


def reopen(settings: Settings, replay_id: str) -> Replay:
    """Plan the rest of a replay; its record's settings come before those of today.

    Raises `UsageError` when there is no such replay, nothing is left of it or its recipe cannot be had any more, and
    as `prepare`.
    """
    folder = ReplayFolder(settings, replay_id)
    record, progress = folder.read()
    if progress.done or folder.cancelled:
        state = "done" if progress.done else "cancelled"
        raise UsageError(f"Replay {replay_id} is {state}; begin another one.")
    then = changed(settings, record.settings)
    own = _settings_of(then, folder, record.offsets, record.output_topic, record.dead_letter_topic)
    plan = prepare(own)
    if plan.task_plan.work.recipe_name != record.recipe:
        raise UsageError(
            f"Replay {replay_id} began with the recipe {record.recipe}, and the model file or the text of the prompt "
            f"profile '{record.prompt}' has changed since ({plan.task_plan.work.recipe_name}); undo that, or begin "
            "another replay."
        )
    return Replay(folder, record, progress, plan)


def _absolute(settings: Settings) -> dict[str, str]:
    """Return the settings that are paths, for a replay that is resumed from another working directory."""
    paths = {"prompts_dir": settings.prompts_dir, "model": Path(settings.model).expanduser()}
    return {name: str(path.absolute()) for name, path in paths.items() if path is not None and path.exists()}


def _settings_of(
    settings: Settings, folder: ReplayFolder, ranges: Ranges, output_topic: str, dead_letter_topic: str
) -> Settings:
    outputs: Mapping[str, Any] = {
        "output_topic": output_topic,
        "dead_letter_topic": dead_letter_topic,
        "sink": ("kafka",),
        "query": f"replay-{folder.id}",
        "checkpoint": folder.checkpoint.location,
    }
    # A query with a pattern must not read the replay's results as documents.
    checked = changed(settings, outputs)
    topics = dict.fromkeys(topic for topic, _ in ranges)
    return changed(checked, {"input_topic": list(topics), "input_pattern": None})


def run(
    replay: Replay,
    *,
    stop: StopRequest,
    on_batch: Callable[[Batch], None],
    on_look: Callable[[float], None],
    on_progress: Callable[[float], None],
    on_wait: Callable[[str], None],
) -> None:
    """Run a replay to its end; `on_batch` is called after each committed micro-batch, when `progress` has it, too.

    `on_look` is called a few times a second with the seconds since the micro-batch began, `on_progress` and `on_wait`
    as by `query.run`.

    Raises `Abandoned` when it was stopped or cancelled before its end, and the service's errors.
    """
    plan = replay.plan
    settings = plan.settings
    with hold_checkpoint(plan) as checkpoint_id, spark_session(settings, plan.layout) as spark:
        stop.listen()
        with explained(settings, plan.checkpoint):
            wait_for_executors(spark, settings, plan.layout, stop=stop, on_wait=on_wait)
        if not stop.requested:
            start_engine(spark, plan.task_plan.work.engine, on_progress, log=spark_log(settings))
        run_batch = partial(run_records, spark, plan, checkpoint_id)
        replay_rest(replay, run_batch, stop=stop, on_batch=on_batch, on_look=on_look)


def replay_rest(
    replay: Replay,
    run_batch: RunBatch,
    *,
    stop: StopRequest,
    on_batch: Callable[[Batch], None],
    on_look: Callable[[float], None] = lambda _seconds: None,
) -> None:
    """Do the rest of a replay whose checkpoint is held, each micro-batch with `run_batch`; see `run`."""
    plan, folder = replay.plan, replay.folder
    cancellation = _Cancellation(folder, stop)

    def look(seconds: float) -> None:
        cancellation.should_stop()
        on_look(seconds)

    pace = pace_of(plan)
    for read in _batches(replay, pace, cancellation.should_stop):
        batch = None
        if read.tasks:
            number = replay.progress.batches
            unproven = number == 0 and not plan.settings.skip_unreadable
            batch = run_batch(read.tasks, number, unproven=unproven, stop=stop, on_look=look)
        replay.progress = _after(replay.progress, read, batch)
        folder.save(replay.progress)
        if batch is not None:
            pace.on_batch(batch)
            on_batch(batch)
            cancellation.look()
    if replay.read_offsets < replay.offsets:
        raise Abandoned("The replay was cancelled." if folder.cancelled else "The replay was stopped before its end.")
    replay.progress = replay.progress.model_copy(update={"done": True})
    folder.save(replay.progress)


class _Cancellation:
    """Turns a cancellation, by another process, into a request to stop."""

    def __init__(self, folder: ReplayFolder, stop: StopRequest) -> None:
        self._folder, self._stop = folder, stop
        self._next = 0.0

    def look(self) -> None:
        """Look whether the replay was cancelled."""
        self._next = time.monotonic() + _CANCELLED_SECONDS
        if not self._stop.requested and self._folder.cancelled:
            self._stop.request()

    def should_stop(self) -> bool:
        """Tell whether the replay is to stop; looks now and then."""
        if time.monotonic() >= self._next:
            self.look()
        return self._stop.requested


def _batches(replay: Replay, pace: Pace, should_stop: Callable[[], bool]) -> Iterator[ReadBatch]:
    plan, settings = replay.plan, replay.plan.settings
    return read_batches(
        settings,
        replay.record.offsets,
        replay.progress.positions,
        ReplayFilter(replay.record.filters, plan.task_plan.record_format),
        most=lambda: pace.documents,
        tasks=plan.layout.executors,
        should_stop=should_stop,
    )


def _after(progress: ReplayProgress, read: ReadBatch, batch: Batch | None) -> ReplayProgress:
    """Return the progress after a micro-batch; None for one without a record."""
    progress = progress.model_copy(update={"positions": read.positions, "skipped": progress.skipped + read.skipped})
    if batch is None:
        return progress
    return progress.model_copy(
        update={
            "batches": progress.batches + 1,
            "summaries": progress.summaries + batch.records - batch.dead_letters - batch.deletions,
            "dead_letters": progress.dead_letters + batch.dead_letters,
            "deletions": progress.deletions + batch.deletions,
            "reused": progress.reused + batch.reused,
            "seconds": progress.seconds + batch.seconds,
        }
    )
