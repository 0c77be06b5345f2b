"""The heartbeats of a running query: what it says of itself, sent every few seconds with its offsets.

A thread sends them, so that neither a broker that is lost nor a long wait of the run (the start of Spark, the pause
before a restart) holds up the other: a run whose watch hangs is seen as stuck, one whose process ended as gone.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Protocol

from streaming.errors import BrokerError
from streaming.kafka.group_offsets import GroupOffsets
from streaming.messages import BEAT_SECONDS, Heartbeat, QueryActivity
from streaming.spark.checkpoint.spark_logs import next_offsets
from streaming.spark.look import Look
from streaming.spark.prepare import Plan
from streaming.spark.supervision import Restart
from streaming.spark.watch import Batch, StopRequest

_log = logging.getLogger(__name__)
# Kafka forgets the offset of a partition that nobody commits again, after a week by default.
_ALL_AGAIN_SECONDS = 3600

# The next offset of each topic and partition.
Offsets = Mapping[tuple[str, int], int]


class Group(Protocol):
    """Where heartbeats go: the consumer group of a query, as `GroupOffsets`."""

    def commit(self, offsets: Offsets, note: str) -> None:
        """Commit offsets with a note; raises `BrokerError`."""

    def close(self) -> None:
        """Close the connection."""


def offsets_from(text: str) -> dict[tuple[str, int], int]:
    """Read Spark's JSON of topic, partition and next offset."""
    topics: dict[str, dict[str, int]] = json.loads(text)
    return {(topic, int(number)): offset for topic, numbers in topics.items() for number, offset in numbers.items()}


class Heartbeats:
    """Keeps the heartbeat of a run and sends it for as long as the context lasts, with one last 'stopped' at its end.

    A heartbeat goes with the offset of one partition; the others get one whenever the offsets have moved, because each
    is a record in a topic of Kafka's own. `on_beat` gets each heartbeat before it is sent, from the thread that sends.
    """

    def __init__(
        self,
        first: Heartbeat,
        offsets: Offsets,
        group: Group,
        *,
        stop: StopRequest,
        on_beat: Callable[[Heartbeat], None] = lambda _beat: None,
    ) -> None:
        self._beat, self._offsets, self._group, self._stop, self._on_beat = first, dict(offsets), group, stop, on_beat
        self._sent_offsets: Offsets = {}
        self._sent_at = 0.0
        self._all_again_at = 0.0
        # Whether the last commit failed: only the first failure in a row is told.
        self._failing = False
        self._lock = threading.Lock()
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._send_until_ended, name="heartbeats", daemon=True)

    def __enter__(self) -> Heartbeats:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # What a stop breaks off is no failure.
        failed = isinstance(error, Exception) and not self._stop.requested
        self._change(doing="stopped", error=type(error).__name__ if failed else None)
        self._ended.set()
        self._wake.set()
        self._thread.join()

    @property
    def current(self) -> Heartbeat:
        """The heartbeat as it would be sent now."""
        with self._lock:
            return self._beat.model_copy(update={"sent_at": time.time()})

    @property
    def doing(self) -> QueryActivity:
        """What the query does."""
        return self._beat.doing

    def on_progress(self) -> None:
        """Note that the run got on: more of the model is loaded, or more of the archive is written."""
        self._change(progress_at=time.time())

    def on_position(self, end_offsets: str | None) -> None:
        """Note where the query goes on: Spark's JSON of topic, partition and next offset; None before it has looked."""
        if end_offsets is not None:
            with self._lock:
                self._offsets |= offsets_from(end_offsets)

    def on_look(self, look: Look) -> None:
        """Note what the query does."""
        progress = look.doing == "idle" or look.done > self._beat.done
        self._change(
            doing=look.doing, done=look.done, total=look.total, **({"progress_at": time.time()} if progress else {})
        )

    def on_batch(self, batch: Batch) -> None:
        """Note that a micro-batch was committed, and send a heartbeat at once."""
        now, beat = time.time(), self._beat
        self.on_position(batch.end_offsets)
        self._change(
            # The next look says what the query does now.
            done=0,
            total=0,
            progress_at=now,
            batch=batch.number,
            batch_at=now,
            batch_records=batch.records,
            batch_seconds=round(batch.seconds, 3),
            records=beat.records + batch.records,
            dead_letters=beat.dead_letters + batch.dead_letters,
            seconds=round(beat.seconds + batch.seconds, 3),
        )
        self._wake.set()

    def on_restart(self, restart: Restart) -> None:
        """Note that the query failed and starts again after a pause, and send a heartbeat at once."""
        self._change(doing="restarting", done=0, total=0, restarts=restart.number)
        self._wake.set()

    def _change(self, **changes: Any) -> None:
        with self._lock:
            self._beat = self._beat.model_copy(update=changes)

    def _send_until_ended(self) -> None:
        ended, told = False, set[type[Exception]]()
        while not ended:
            self._wake.clear()
            ended = self._ended.is_set()
            try:
                self._send()
            except Exception as error:  # noqa: BLE001 - a query without heartbeats is taken for dead
                if type(error) not in told:
                    told.add(type(error))
                    _log.warning("a heartbeat failed; the next one comes in %.0f s", BEAT_SECONDS, exc_info=error)
            if not ended:
                before = time.time()
                self._wake.wait(BEAT_SECONDS)
                self._leave_out(time.time() - before)
        self._group.close()

    def _leave_out(self, seconds: float) -> None:
        """Leave a wait that cannot have been that long out of what is said of progress.

        The machine slept, the process was stopped, or a clock was set, and nobody could make progress.
        """
        if not -BEAT_SECONDS < seconds < 2 * BEAT_SECONDS:
            with self._lock:
                progress_at = max(0.0, min(self._beat.progress_at + seconds, time.time()))
                self._beat = self._beat.model_copy(update={"progress_at": progress_at})

    def _send(self) -> None:
        beat = self.current
        self._on_beat(beat)
        # Its commit would wait for Kafka, too.
        if beat.doing == "waiting for Kafka":
            return
        with self._lock:
            offsets = dict(self._offsets)
        now = time.monotonic()
        # After a clock was set back, what the other partitions have would look newer.
        is_back = beat.sent_at < self._sent_at
        everything = offsets != self._sent_offsets or now >= self._all_again_at or is_back
        first = min(offsets)
        try:
            self._group.commit(offsets if everything else {first: offsets[first]}, beat.to_text())
        except BrokerError as error:
            if not self._failing:
                _log.warning("%s; until it does, lag tools and `gistream status` show the query as it was", error)
            self._failing = True
            return
        self._failing, self._sent_at = False, beat.sent_at
        if everything:
            self._sent_offsets, self._all_again_at = offsets, now + _ALL_AGAIN_SECONDS


def heartbeats_of(
    plan: Plan,
    checkpoint_id: str,
    *,
    stop: StopRequest,
    on_beat: Callable[[Heartbeat], None] = lambda _beat: None,
) -> Heartbeats:
    """Return the heartbeats of a plan's query, which goes on where its checkpoint says, or begins at the beginning."""
    settings, now = plan.settings, time.time()
    first = Heartbeat(
        checkpoint=checkpoint_id,
        # A path is nobody else's business.
        outputs=tuple(output for output in plan.results if output.startswith("topic ")),
        doing="starting",
        sent_at=now,
        started_at=now,
        progress_at=now,
        stuck_after=settings.stuck_after,
    )
    offsets = {(topic.name, number): begin for topic in plan.inputs for number, (begin, _) in topic.bounds.items()}
    beats = Heartbeats(first, offsets, GroupOffsets(settings), stop=stop, on_beat=on_beat)
    beats.on_position(next_offsets(settings.checkpoint_location))
    return beats
