"""The record of a replay: `replays/ID/` of the data dir, from which it is resumed, listed and cancelled.

    replay.json      who, when, range, filter, recipe: written once; `gistream forget` takes ids out of it
    progress.json    the next offset of each partition, and counts: replaced after each micro-batch
    cancelled        an empty file; no micro-batch begins after it
    checkpoint/      the lock, the ids of the topics, the representation (`spark.checkpoint.checkpoint`)

It has no secrets: Kafka's options are taken from the settings again when a replay is resumed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from streaming.errors import CheckpointError, UsageError
from streaming.kafka.records import Ranges
from streaming.settings import Settings
from streaming.spark.checkpoint.checkpoint import Checkpoint, is_held

State = Literal["running", "interrupted", "done", "cancelled"]
_RECORD, _PROGRESS, _CANCELLED = "replay.json", "progress.json", "cancelled"


class OffsetRange(BaseModel):
    """The offsets of a partition, from `start` to the one before `end`."""

    model_config = ConfigDict(frozen=True)

    topic: str
    partition: int
    start: int
    end: int


class ReplayRecord(BaseModel):
    """What a replay was asked to do. `settings` are those that decide a result, with the values that they had.

    `start`, `end` and `filters` are as they were typed; `ranges` are the offsets that they meant at that moment.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    user: str
    host: str
    created_at: datetime
    start: str
    end: str
    filters: list[str]
    ranges: list[OffsetRange]
    topic_ids: dict[str, str]
    recipe: str
    prompt: str
    model: str
    output_topic: str
    dead_letter_topic: str
    settings: dict[str, Any]

    @property
    def offsets(self) -> Ranges:
        """The ranges by topic and partition."""
        return {(item.topic, item.partition): (item.start, item.end) for item in self.ranges}


class ReplayProgress(BaseModel):
    """How far a replay is: the next offset of each of its ranges, in their order, and counts of its results.

    `skipped` counts the records that the filter left out, `seconds` is the time of the micro-batches.
    """

    positions: list[int]
    done: bool = False
    batches: int = 0
    summaries: int = 0
    dead_letters: int = 0
    deletions: int = 0
    reused: int = 0
    skipped: int = 0
    seconds: float = 0.0


def new_id(now: datetime) -> str:
    """Return an id that no other replay has: the minute in UTC and four random digits."""
    return f"{now:%Y%m%d-%H%M}-{secrets.token_hex(2)}"


def now() -> datetime:
    """Return this second in UTC."""
    return datetime.now(timezone.utc).replace(microsecond=0)


class ReplayFolder:
    """The folder of one replay."""

    def __init__(self, settings: Settings, replay_id: str) -> None:
        self.path = replays_dir(settings) / replay_id
        self.id = replay_id

    @property
    def checkpoint(self) -> Checkpoint:
        """The place of the replay's lock."""
        return Checkpoint(str(self.path / "checkpoint"), remedy="begin another replay")

    def create(self, record: ReplayRecord) -> ReplayProgress:
        """Write the record down, and return the progress of a replay that has not begun."""
        progress = ReplayProgress(positions=[item.start for item in record.ranges])
        self._write(_RECORD, record)
        self._write(_PROGRESS, progress)
        return progress

    def replace(self, record: ReplayRecord) -> None:
        """Write the record anew, whole or not at all."""
        self._write(_RECORD, record)

    def save(self, progress: ReplayProgress) -> None:
        """Write the progress down, whole or not at all."""
        self._write(_PROGRESS, progress)

    def read(self) -> tuple[ReplayRecord, ReplayProgress]:
        """Return record and progress; raises `UsageError` when there is no such replay, `CheckpointError`."""
        try:
            record = ReplayRecord.model_validate_json((self.path / _RECORD).read_bytes())
            return record, ReplayProgress.model_validate_json((self.path / _PROGRESS).read_bytes())
        except FileNotFoundError as error:
            raise UsageError(
                f"There is no replay '{self.id}' in {self.path.parent}; `gistream replay list` has all of them."
            ) from error
        except (OSError, ValidationError) as error:
            raise CheckpointError(f"The replay in {self.path} cannot be read; begin another one.") from error

    @property
    def cancelled(self) -> bool:
        """Whether somebody has cancelled the replay."""
        return (self.path / _CANCELLED).exists()

    def cancel(self) -> None:
        """Let no further micro-batch begin, now or ever."""
        (self.path / _CANCELLED).touch()

    def state(self, progress: ReplayProgress) -> State:
        """Tell what became of the replay."""
        if progress.done:
            return "done"
        if is_held(self.checkpoint):
            return "running"
        return "cancelled" if self.cancelled else "interrupted"

    def _write(self, name: str, content: BaseModel) -> None:
        new = self.path / f"{name}.new"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            new.write_text(content.model_dump_json(indent=2))
            new.replace(self.path / name)
        except OSError as error:
            raise CheckpointError(f"The replay's record in {self.path} cannot be written: {error.strerror}.") from error


def replays_dir(settings: Settings) -> Path:
    """Return the folder of all replays of a data dir."""
    return settings.data_dir / "replays"


def all_replays(settings: Settings) -> list[ReplayFolder]:
    """Return the replays of a data dir, the oldest first."""
    names = sorted(path.parent.name for path in replays_dir(settings).glob(f"*/{_RECORD}"))
    return [ReplayFolder(settings, name) for name in names]


def listed(folder: ReplayFolder) -> Mapping[str, Any]:
    """Return what a list says of a replay, as JSON has it."""
    record, progress = folder.read()
    return {
        **record.model_dump(mode="json"),
        **progress.model_dump(mode="json"),
        "state": folder.state(progress),
    }
