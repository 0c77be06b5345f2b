"""`gistream run --accept-loss`: gives up the records that a query has lost, and lets it go on behind them.

What is healthy goes on where it was. A partition whose first unread records were deleted goes on at its first record;
so does one that was truncated, and every partition of a topic that was created again. In the last two cases offsets are
used a second time. Results are told apart by offsets, so such a query needs outputs that have no results yet, and never
writes to its old ones again: readers would take new results for repeats of old ones. What was not lost of a truncated
partition is read a second time for the new outputs, from the store. A copy of the checkpoint is kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from streaming.errors import CheckpointError
from streaming.kafka.topic import Extent
from streaming.kafka.topics import extents_now
from streaming.spark.archive_query import archive_checkpoint
from streaming.spark.checkpoint.checkpoint import LOCK, Checkpoint, Record, locked, write_record
from streaming.spark.checkpoint.losses import Loss, find_losses, refusal
from streaming.spark.checkpoint.positions import Positions, move_positions, read_positions
from streaming.spark.prepare import Plan
from streaming.spark.topic_check import extents, new_outputs


def accept_losses(plan: Plan) -> list[str]:
    """Give up what the queries of a plan have lost, and return what that was, a line each; empty when nothing is lost.

    Raises the refusal (`losses`) when offsets are used again and the plan has no outputs of its own.
    """
    outputs = {*plan.results, *([f"topic {plan.settings.dead_letter_topic}"] if plan.settings.to_kafka else [])}
    growing = plan.settings.input_pattern is not None
    lines = _accept(plan, plan.checkpoint, extents(plan.inputs), outputs, new_outputs(plan), growing=growing)
    if plan.settings.to_kafka and plan.archive_location is not None:
        # Results carry the offsets of their documents; those of the output topics mean nothing to their readers.
        checkpoint = archive_checkpoint(plan.settings, plan.archive_location)
        lines += _accept(plan, checkpoint, extents(plan.outputs), set(), "")
    return lines


def _accept(
    plan: Plan,
    checkpoint: Checkpoint,
    topics: Mapping[str, Extent],
    outputs: set[str],
    flags: str,
    *,
    growing: bool = False,
) -> list[str]:
    with locked(checkpoint) as earlier:
        # Another run may have read on since the topics were described.
        topics = extents_now(plan.settings, topics)
        location = checkpoint.location
        positions = read_positions(location)
        losses = find_losses(positions, earlier.topic_ids, topics, growing=growing)
        if not losses:
            return []
        reuses = bool(flags) and any(loss.reuses_offsets for loss in losses)
        if reuses and outputs & {*earlier.all_outputs, *earlier.closed}:
            raise refusal(losses, location, new_outputs=flags)
        copy = _copy(checkpoint)
        offsets = resumed(positions, losses, topics)
        lines = [f"given up: {loss} ({loss.kind}){_resume(loss)}" for loss in losses]
        move_positions(location, offsets)
        record = replace(
            earlier,
            topic_ids={name: extent.id for name, extent in topics.items()},
            losses=(*earlier.losses, *(f"{_now():%Y-%m-%d %H:%M} UTC: {loss} ({loss.kind})" for loss in losses)),
        )
        if reuses:
            record = _closed(record, offsets)
        write_record(checkpoint, record)
    return [*lines, f"the checkpoint as it was is kept in {copy}"]


def resumed(positions: Positions, losses: Sequence[Loss], topics: Mapping[str, Extent]) -> dict[tuple[str, int], int]:
    """Return the offset at which each partition goes on; partitions that are gone are left out."""
    resumes = {(loss.topic, loss.partition): loss.resume for loss in losses}
    recreated = {loss.topic for loss in losses if loss.kind == "recreated"}
    offsets = {name: resumes.get(name, position.next) for name, position in positions.items() if name[0] in topics} | {
        (topic, partition): first for topic in recreated for partition, (first, _) in topics[topic].bounds.items()
    }
    return {name: offset for name, offset in offsets.items() if offset is not None}


def _closed(record: Record, offsets: Mapping[tuple[str, int], int]) -> Record:
    """Return the record of a query that begins new outputs at these offsets."""
    since: dict[str, dict[str, int]] = {}
    for (topic, partition), offset in offsets.items():
        since.setdefault(topic, {})[str(partition)] = offset
    closed = sorted({*record.closed, *record.all_outputs})
    return replace(record, closed=tuple(closed), since=since)


def _resume(loss: Loss) -> str:
    return f"; goes on at offset {loss.resume}" if loss.resume is not None else ""


def _copy(checkpoint: Checkpoint) -> Path:
    """Copy a checkpoint beside it, complete or not at all."""
    folder = Path(checkpoint.location)
    copy = folder.parent / "given-up" / f"{folder.name}-{_now():%Y%m%dT%H%M%S}"
    partial = copy.with_name(f".{copy.name}.new")
    try:
        shutil.copytree(folder, partial, ignore=shutil.ignore_patterns(LOCK))
        partial.rename(copy)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise CheckpointError(
            f"The checkpoint at {folder} cannot be copied to {copy}: {error}; nothing was given up."
        ) from error
    return copy


def _now() -> datetime:
    return datetime.now(timezone.utc)
