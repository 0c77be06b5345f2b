"""`gistream replay`: summarizes a range of the input again, with its own settings, to a topic of its own.

A replay is no query: it has a checkpoint, an engine and a topic of its own, and commits to no consumer group, so
the running query does not notice it. Its range is a list of offsets that is fixed when it begins.

This plans a replay, a new one or the rest of one; `replay_run` runs it.
"""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streaming.errors import TopicError, UsageError
from streaming.kafka.records import Ranges
from streaming.kafka.topic import Topic
from streaming.kafka.topics import Admin
from streaming.operations.diff.side import dead_letters_of
from streaming.operations.offset_range import Bound, resolve
from streaming.operations.replay.record import (
    OffsetRange,
    ReplayFolder,
    ReplayProgress,
    ReplayRecord,
    new_id,
    now,
)
from streaming.settings import Settings, changed
from streaming.settings.record_fields import RECORD_SETTINGS
from streaming.spark.checkpoint.checkpoint import Checkpoint
from streaming.spark.prepare import Plan, prepare


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

    @property
    def next_offsets(self) -> str:
        """The next offset of each partition that is not done."""
        rest = zip(self.record.ranges, self.progress.positions, strict=True)
        return ", ".join(f"{item.topic}:{item.partition}={offset}" for item, offset in rest if offset < item.end)


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
    moment = now()
    replay_id = new_id(moment)
    output = output_topic or f"{settings.output_topic}-{replay_id}"
    dead_letters = dead_letters_of(settings, output)
    folder = ReplayFolder(settings, replay_id)
    own = _settings_of(settings, folder, ranges, output, dead_letter_topic or dead_letters)
    plan = prepare(own, like=Checkpoint(settings.checkpoint_location))
    work = plan.task_plan.work
    values = own.model_dump(mode="json")
    record = ReplayRecord(
        id=replay_id,
        user=_user(),
        host=platform.node(),
        created_at=moment,
        start=bounds[0],
        end=bounds[1],
        filters=list(filters),
        ranges=[
            OffsetRange(topic=topic, partition=number, start=start, end=end)
            for (topic, number), (start, end) in ranges.items()
        ],
        topic_ids={topic.name: topic.id for topic in plan.inputs},
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
    check_topics(record, plan.inputs)
    return Replay(folder, record, progress, plan)


def check_topics(record: ReplayRecord, topics: Sequence[Topic]) -> None:
    """Raise `TopicError` when the offsets of a replay mean something else than when it began."""
    for topic in topics:
        if record.topic_ids[topic.name] != topic.id:
            raise TopicError(
                f"Topic '{topic.name}' was deleted and created again since replay {record.id} began, so its offsets "
                "mean nothing in it; begin another replay."
            )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a number that has no name.
        return str(os.getuid())


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
