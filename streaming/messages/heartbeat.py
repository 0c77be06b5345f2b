"""The heartbeat of a query: what it says of itself every few seconds, and whether it is healthy.

A query commits it with its offsets, as their metadata in its consumer group. So every consumer that may read the
group's offsets knows how the query does, on any machine, without a port of the query's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streaming.wording import duration

# Seconds between two heartbeats: a query that ended is noticed within half a minute, also when a commit is lost.
BEAT_SECONDS = 5.0
# Without a heartbeat for this long a query is taken for dead.
SILENT_SECONDS = 20.0

# Seconds since 1970, until the year 9892: whoever may write to the group may write any number.
Moment = Annotated[float, Field(ge=0, le=250_000_000_000)]
QueryActivity = Literal["starting", "working", "idle", "waiting for Kafka", "restarting", "stopped"]
QueryState = Literal["healthy", "stuck", "not running"]


class Writer(BaseModel):
    """A query that writes results: the id of its checkpoint, and the outputs that are topics ("topic NAME").

    Every version of gistream notes it with a query's offsets; older ones note nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    checkpoint: str
    outputs: tuple[str, ...]

    @classmethod
    def from_text(cls, text: str) -> Writer | None:
        """Return the writer of a committed offset's metadata; None when another program wrote it."""
        try:
            return Writer.model_validate_json(text)
        except ValidationError:
            return None


class Heartbeat(Writer):
    """A heartbeat. Times are seconds since 1970.

    `done` of `total` records of the running micro-batch have results. `progress_at` is the last time at which one more
    of them had its result, a micro-batch was committed, more of the model was loaded or of the archive written, or
    nothing was left to read. `batch` is the number of the last committed micro-batch of this run, `batch_at` its time,
    `batch_records` and `batch_seconds` are its size and duration. `records`, `dead_letters` and `seconds` are sums over
    all micro-batches of this run. `error` is the type of the error that stopped the query. Without progress for
    `stuck_after` seconds, with work to do, the query is stuck.
    """

    outputs: tuple[str, ...] = ()
    doing: QueryActivity
    sent_at: Moment
    started_at: Moment
    progress_at: Moment
    stuck_after: float
    done: int = 0
    total: int = 0
    batch: int | None = None
    batch_at: Moment | None = None
    batch_records: int = 0
    batch_seconds: float = 0.0
    records: int = 0
    dead_letters: int = 0
    seconds: float = 0.0
    restarts: int = 0
    error: str | None = None

    def to_text(self) -> str:
        """Return the metadata of the query's offsets."""
        return self.model_dump_json(exclude_none=True)

    @classmethod
    def from_text(cls, text: str) -> Heartbeat | None:
        """Return the heartbeat of a committed offset's metadata; None when another program or version wrote it."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return None


def newest_heartbeat(texts: Iterable[str]) -> Heartbeat | None:
    """Return the newest heartbeat among the metadata of a group's offsets: not every partition gets each one."""
    beats = [beat for beat in map(Heartbeat.from_text, texts) if beat is not None]
    return max(beats, key=lambda beat: beat.sent_at, default=None)


@dataclass(frozen=True)
class Health:
    """The state of a query, and the reason in one sentence."""

    state: QueryState
    sentence: str


def health(beat: Heartbeat | None, now: float) -> Health:
    """Return how a query does, from its last heartbeat, at the time `now` in seconds since 1970."""
    if beat is None:
        return Health("not running", "no query has reported")
    if beat.doing == "stopped":
        ago = f"{duration(max(0.0, now - beat.sent_at))} ago"
        if beat.error is not None:
            return Health("not running", f"ended by an error ({beat.error}) {ago}; the run's last line says why")
        return Health("not running", f"stopped {ago}")
    silent = now - beat.sent_at
    if silent < -SILENT_SECONDS:
        return Health(
            "stuck",
            f"the clock of the query's machine is {duration(-silent)} ahead of this one's, so nobody can tell whether "
            "it still works; set the clocks",
        )
    if silent > SILENT_SECONDS:
        return Health(
            "not running",
            f"no progress for {duration(now - beat.progress_at)}; no sign of the query for {duration(silent)}",
        )
    # As the query knew it: with its last heartbeat an idle one made progress, however old the heartbeat is by now.
    if beat.sent_at - beat.progress_at > beat.stuck_after:
        part = f", {beat.done:,} of {beat.total:,} done" if beat.total else ""
        return Health("stuck", f"no progress for {duration(now - beat.progress_at)}: {beat.doing}{part}")
    if beat.doing == "idle":
        return Health("healthy", "idle: every record has its result")
    if beat.doing == "working":
        part = f"{beat.done:,} of {beat.total:,} of the running batch done" if beat.total else "a batch begins"
        return Health("healthy", f"working: {part}")
    return Health("healthy", beat.doing)
