"""Runs a replay: reads its range, a micro-batch at a time, and leaves the work to Spark.

Item: one record of the range that the filter takes. Unit of commit: a micro-batch, as in a query.
Guarantee: at least once. After a crash, results of the micro-batch that was not committed may stand twice, with the
same identity.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from streaming.errors import Abandoned, GistreamError
from streaming.kafka.topics import Admin
from streaming.messages import Record
from streaming.operations.replay.filter import ReplayFilter
from streaming.operations.replay.reading import ReadBatch, read_batches
from streaming.operations.replay.record import ReplayFolder, ReplayProgress
from streaming.operations.replay.replay import Replay, check_topics
from streaming.spark.apart.record_batch import run_records
from streaming.spark.look import Look
from streaming.spark.pace import Pace, pace_of
from streaming.spark.query import hold_checkpoint, sessions_of
from streaming.spark.supervision import Restart, Supervisor
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
        on_look: Callable[[Look], None],
    ) -> Batch:
        """Run one micro-batch."""


def run(
    replay: Replay,
    *,
    stop: StopRequest,
    on_batch: Callable[[Batch], None],
    on_look: Callable[[Look], None],
    on_progress: Callable[[float], None],
    on_wait: Callable[[str], None],
    on_restart: Callable[[Restart], None],
) -> None:
    """Run a replay to its end; `on_batch` is called after each committed micro-batch, when `progress` has it, too.

    The other functions are called as by `streaming.spark.run`.

    Raises `Abandoned` when it was stopped or cancelled before its end, and the service's errors.
    """
    plan = replay.plan
    settings = plan.settings
    supervisor = Supervisor(
        settings,
        stop=stop,
        on_restart=on_restart,
        name_batch=lambda: (replay.progress.batches, f"records from {replay.next_offsets} on"),
    )

    def committed(batch: Batch) -> None:
        supervisor.on_progress()
        on_batch(batch)

    own_sessions = sessions_of(plan, stop=stop, on_progress=on_progress, on_wait=on_wait)
    with hold_checkpoint(plan) as checkpoint_id, own_sessions as sessions:
        restarted = False
        while True:
            try:
                if restarted:
                    # Topics may have been replaced; and a Kafka that is away is noticed in ten seconds.
                    with Admin(settings) as admin:
                        check_topics(replay.record, admin.describe(admin.inputs()))
                run_batch = partial(run_records, sessions.living(), plan, checkpoint_id)
                return replay_rest(replay, run_batch, stop=stop, on_batch=committed, on_look=on_look)
            except GistreamError as error:
                supervisor.recover(error)
                restarted = True


def replay_rest(
    replay: Replay,
    run_batch: RunBatch,
    *,
    stop: StopRequest,
    on_batch: Callable[[Batch], None],
    on_look: Callable[[Look], None] = lambda _look: None,
) -> None:
    """Do the rest of a replay whose checkpoint is held, each micro-batch with `run_batch`; see `run`."""
    plan, folder = replay.plan, replay.folder
    cancellation = _Cancellation(folder, stop)

    def look(look: Look) -> None:
        cancellation.should_stop()
        on_look(look)

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
