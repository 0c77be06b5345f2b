"""What replays have of documents: topics of their own, ranges that they have not done, and filters that name ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from streaming.errors import CheckpointError
from streaming.operations.replay.record import ReplayFolder, ReplayRecord, all_replays
from streaming.settings import Settings
from streaming.spark.unread import Reader

# What a filter that named a forgotten document says from then on.
_FORGOTTEN = "id=(forgotten)"


def replays(settings: Settings) -> list[Reader]:
    """Return the replays of the data dir; one that is done or cancelled reads nothing any more.

    A replay whose record cannot be read is left out: it cannot be resumed.
    """
    return [
        Reader(
            f"replay {folder.id}",
            f"cancel it with `gistream replay cancel {folder.id}`",
            record.topic_ids,
            _next_offsets(record, positions),
            record_ends(record) if positions else {},
            (f"topic {record.output_topic}",),
            (record.dead_letter_topic,),
        )
        for folder, record, positions in _readable(settings)
    ]


def forget_filters(settings: Settings, ids: Collection[str]) -> Iterator[str]:
    """Take the ids out of the filters of replays; yields a sentence for each replay that still needs its filter.

    Raises `CheckpointError` when a record cannot be written.
    """
    named = {f"id={name}" for name in ids}
    for folder, record, positions in _readable(settings):
        if not named & set(record.filters):
            continue
        if positions:
            yield (
                f"replay {folder.id} has an id in its filter and is not done; let it end, or cancel it with `gistream "
                f"replay cancel {folder.id}`, and forget again"
            )
        else:
            filters = [_FORGOTTEN if condition in named else condition for condition in record.filters]
            folder.replace(record.model_copy(update={"filters": filters}))


def record_ends(record: ReplayRecord) -> dict[tuple[str, int], int]:
    """Return the ends of a replay's range, by topic and partition."""
    return {name: end for name, (_, end) in record.offsets.items()}


def _readable(settings: Settings) -> Iterator[tuple[ReplayFolder, ReplayRecord, list[int]]]:
    """Yield each replay with its record, and its next offsets while it is running or may be resumed."""
    for folder in all_replays(settings):
        try:
            record, progress = folder.read()
        except CheckpointError:
            continue
        yield folder, record, progress.positions if folder.state(progress) in ("running", "interrupted") else []


def _next_offsets(record: ReplayRecord, positions: list[int]) -> dict[str, dict[str, int]]:
    offsets: dict[str, dict[str, int]] = {}
    for item, position in zip(record.ranges, positions, strict=False):
        offsets.setdefault(item.topic, {})[str(item.partition)] = position
    return offsets
