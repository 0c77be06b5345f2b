"""Compares a plan's checkpoints with its topics: at the start, before a query starts again, and while it runs.

A topic that is deleted and created again while the query runs is not noticed by Spark when it has grown past the
query's offsets in the meantime.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress

from streaming.errors import BrokerAway, BrokerError, CheckpointError, GistreamError, TopicError
from streaming.kafka.topic import Extent, Topic
from streaming.kafka.topics import Admin
from streaming.spark.archive_query import archive_checkpoint
from streaming.spark.checkpoint.losses import Loss, find_losses, refusal
from streaming.spark.checkpoint.positions import read_positions
from streaming.spark.prepare import Plan

# A check takes 0.1 s, and a micro-batch about a minute; short ones are not all followed by one.
_CHECK_SECONDS = 10.0
_NUMBERED = re.compile(r"(.*)-(\d+)$")


def extents(topics: list[Topic]) -> dict[str, Extent]:
    """Return what there was of topics when they were described."""
    return {topic.name: topic.extent for topic in topics}


def check_topics(plan: Plan) -> None:
    """Raise the error for what the queries of a plan have lost since they started; see `losses.refusal`.

    Raises `BrokerError` when Kafka does not answer.
    """
    settings = plan.settings
    growing = settings.input_pattern is not None
    with Admin(settings) as admin:
        _check(admin, plan.checkpoint.location, extents(plan.inputs), new_outputs(plan), growing=growing)
        if settings.to_kafka and plan.archive_location is not None:
            _check(admin, archive_checkpoint(settings, plan.archive_location).location, extents(plan.outputs), "")


def _check(
    admin: Admin, location: str, began: Mapping[str, Extent], new_outputs: str, *, growing: bool = False
) -> None:
    ids = {name: extent.id for name, extent in began.items()}

    def losses() -> list[Loss]:
        # Before the topics are asked for their ends, because the query goes on.
        positions = read_positions(location)
        # With a pattern, topics have joined those of the start.
        names = sorted({*began, *(topic for topic, _ in positions)})
        return find_losses(positions, ids, admin.extents(names), growing=growing)

    # Twice, because retention may delete in between what the query has just read.
    if losses() and (confirmed := losses()):
        raise refusal(confirmed, location, new_outputs=new_outputs)


class RunningCheck:
    """Checks the topics of a running query after its micro-batches, but not after each of many short ones."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._next = 0.0

    def on_batch(self) -> None:
        """Check the topics when it is time; raises the error for what was lost."""
        if time.monotonic() >= self._next:
            # Whether Kafka answers is the query's own affair.
            with suppress(BrokerAway):
                check_topics(self._plan)
            self._next = time.monotonic() + _CHECK_SECONDS


def with_offsets(error: GistreamError, plan: Plan) -> GistreamError:
    """Return the error that names the offsets, when `error` is about records or topics that are gone."""
    if isinstance(error, TopicError):
        try:
            check_topics(plan)
        except (TopicError, CheckpointError) as exact:
            exact.__cause__ = error
            return exact
        except BrokerError:
            # Kafka has gone in the meantime; the next start finds the offsets.
            return error
    return error


def new_outputs(plan: Plan) -> str:
    """Return flags that give a plan's results outputs of another name."""
    settings, flags = plan.settings, ""
    if settings.to_kafka:
        flags = f"--output-topic {_next(settings.output_topic)} --dead-letter-topic {_next(settings.dead_letter_topic)}"
    if plan.archive_location is not None:
        kafka = " --sink kafka" if settings.to_kafka else ""
        flags += f"{kafka} --sink parquet={_next(plan.archive_location.url)}"
    return flags.strip()


def _next(name: str) -> str:
    if match := _NUMBERED.match(name):
        return f"{match[1]}-{int(match[2]) + 1}"
    return f"{name}-2"
