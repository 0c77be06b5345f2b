"""Looks at topics and offsets every two seconds, and says which topics and partitions there are to read.

One thread asks; a look that fails makes the broker count as away, and the next one connects again. What it learns is
one immutable value, `Look`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import AuthorizationError, BrokerResponseError, KafkaError

from consumers.live.clients import connect_admin
from consumers.live.progress import Partition
from streaming.errors import GistreamError
from streaming.messages import Heartbeat, newest_heartbeat
from streaming.settings import Settings

# Soon enough for "no progress" within half a minute, and for an away broker within ten seconds.
LOOK_SECONDS = 2.0
_PATIENCE_SECONDS = 8.0
# The protocol's numbers (ListOffsets): the beginning of a log, its end, and the isolation of committed records.
_FIRST, _END, _READ_COMMITTED = -2, -1, 1


@dataclass(frozen=True)
class TopicShape:
    """A topic as it is now; another `id` is another topic of the same name."""

    id: str
    partitions: int


@dataclass(frozen=True)
class Look:
    """What Kafka said.

    `outputs` are the topics to read, `inputs` those that the query reads. `bounds` has the first offset of each
    partition of both and the one after its last. `committed` are the offsets of the query's group, None when they
    cannot be read; `beat` is its last heartbeat. Times are seconds since 1970: `at` of the last answer, `away_since` of
    the first look without one.
    """

    at: float | None = None
    away_since: float | None = None
    outputs: Mapping[str, TopicShape] = field(default_factory=dict)
    inputs: Mapping[str, TopicShape] = field(default_factory=dict)
    bounds: Mapping[Partition, tuple[int, int]] = field(default_factory=dict)
    committed: Mapping[Partition, int] | None = None
    beat: Heartbeat | None = None


class Watch:
    """Looks for as long as its thread runs, and hands on each look with the one before it."""

    def __init__(self, settings: Settings, outputs: Sequence[str], on_look: Callable[[Look, Look], None]) -> None:
        self._settings, self._outputs, self._on_look = settings, outputs, on_look
        self.look = Look()

    def run(self, stopped: threading.Event) -> None:
        """Look until `stopped`; the body of a thread."""
        admin: KafkaAdminClient | None = None
        try:
            while not stopped.is_set():
                before = self.look
                try:
                    admin = admin or connect_admin(self._settings)
                    self.look = self._answers(admin)
                except BrokerResponseError:
                    # Kafka answered; a topic that is just being deleted, or a broker that starts, is over in a moment.
                    if time.time() - (before.at or 0) > _PATIENCE_SECONDS:
                        self.look = replace(before, away_since=before.away_since or time.time())
                except (KafkaError, GistreamError):
                    self.look = replace(before, away_since=before.away_since or time.time())
                    if admin is not None:
                        admin.close()
                    admin = None
                self._on_look(before, self.look)
                stopped.wait(LOOK_SECONDS)
        finally:
            if admin is not None:
                admin.close()

    def _answers(self, admin: KafkaAdminClient) -> Look:
        inputs = self._input_names(admin)
        shapes = _shapes(admin, {*self._outputs, *inputs})
        committed, beat = self._group(admin)
        return Look(
            at=time.time(),
            outputs={name: shapes[name] for name in self._outputs if name in shapes},
            inputs={name: shapes[name] for name in inputs if name in shapes},
            bounds=_bounds(admin, shapes),
            committed=committed,
            beat=beat,
        )

    def _input_names(self, admin: KafkaAdminClient) -> Iterable[str]:
        if self._settings.input_pattern is None:
            return self._settings.input_topics
        return list(filter(self._settings.is_input, admin.list_topics()))

    def _group(self, admin: KafkaAdminClient) -> tuple[Mapping[Partition, int] | None, Heartbeat | None]:
        """Return the offsets of the query's group with the last heartbeat; no offsets where they cannot be read."""
        try:
            offsets = admin.list_group_offsets([self._settings.group_id])[self._settings.group_id]
        except AuthorizationError:
            return None, None
        committed = {(partition.topic, partition.partition): offset.offset for partition, offset in offsets.items()}
        return committed, newest_heartbeat(offset.metadata or "" for offset in offsets.values())


def _shapes(admin: KafkaAdminClient, names: Iterable[str]) -> dict[str, TopicShape]:
    """Return the topics that exist and may be seen."""
    answers = admin.describe_topics(sorted(names))
    return {
        answer["name"]: TopicShape(str(answer["topic_id"]), len(answer["partitions"]))
        for answer in answers
        if answer["error_code"] == 0
    }


def _bounds(admin: KafkaAdminClient, shapes: Mapping[str, TopicShape]) -> dict[Partition, tuple[int, int]]:
    partitions = [TopicPartition(name, n) for name, shape in shapes.items() for n in range(shape.partitions)]
    if not partitions:
        return {}
    first = admin.list_partition_offsets(dict.fromkeys(partitions, _FIRST))
    # Records of a transaction that is still open wait for it, not for the query.
    end = admin.list_partition_offsets(dict.fromkeys(partitions, _END), _READ_COMMITTED)
    return {(p.topic, p.partition): (first[p].offset, end[p].offset) for p in partitions}
