"""How a query does, read from its consumer group as anybody may read it: its last heartbeat, and its lag.

Nothing is asked of the query itself, so a query that hangs or is gone is seen, too, from any machine. The clocks of the
two machines should agree within seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    AuthorizationError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NotCoordinatorError,
    UnsupportedVersionError,
)

from streaming.access import checked_options, missing_right
from streaming.errors import BrokerError, no_answer, reason
from streaming.messages import Health, Heartbeat, Writer, health, newest_heartbeat
from streaming.settings import GROUP_PREFIX, Settings

# A broker on the same network answers in milliseconds; the user must hear of a dead one before giving up.
_ANSWER_MS = 10_000
# Between two questions to a broker that does not know yet.
_AGAIN_SECONDS = 0.2
# The protocol's number for the end of a partition (ListOffsets).
_END = -1


@dataclass(frozen=True)
class PartitionLag:
    """How far a query is in a partition: `committed` is its next offset, `end` the one after the last record's."""

    topic: str
    partition: int
    committed: int
    end: int

    @property
    def lag(self) -> int:
        """How many offsets the query has not committed; a topic that was created again may end before them."""
        return max(0, self.end - self.committed)


@dataclass(frozen=True)
class QueryStatus:
    """A query at the time `now` (seconds since 1970): its last heartbeat, if any, its `health` and its lag.

    `others` are the other queries that Kafka remembers, by name.
    """

    query: str
    servers: str
    now: float
    beat: Heartbeat | None
    health: Health
    partitions: tuple[PartitionLag, ...]
    others: Mapping[str, Health]

    @property
    def lag(self) -> int:
        """How many offsets the query has not committed."""
        return sum(partition.lag for partition in self.partitions)

    @property
    def rate(self) -> float | None:
        """Documents a minute in the last micro-batch; None before it."""
        beat = self.beat
        return _rate(beat.batch_records, beat.batch_seconds) if beat is not None else None

    @property
    def run_rate(self) -> float | None:
        """Documents a minute in all micro-batches of this run; None before the first."""
        return _rate(self.beat.records, self.beat.seconds) if self.beat is not None else None


def _rate(records: int, seconds: float) -> float | None:
    return 60 * records / max(seconds, 0.1) if records else None


def read_status(settings: Settings) -> QueryStatus:
    """Return how the query of the settings does now.

    Raises `BrokerAway`, `BrokerError`, and `TopicError` when this user may not see the group or its topics.
    """
    with _client(settings) as client:
        group = _group_offsets(client, settings.group_id)
        offsets = {partition: committed for partition, committed in group.items() if committed.offset >= 0}
        ends = client.list_partition_offsets(dict.fromkeys(offsets, _END)) if offsets else {}
        others = _other_queries(client, settings)
    now = time.time()
    beat, known = _reports(offsets)
    return QueryStatus(
        query=settings.query,
        servers=settings.servers,
        now=now,
        beat=beat,
        health=health(beat, now) if beat is not None else _silent(settings, known=known, others=others),
        partitions=tuple(
            PartitionLag(partition.topic, partition.partition, offsets[partition].offset, ends[partition].offset)
            for partition in sorted(offsets)
        ),
        others={name: health(beat, now) for name, beat in others.items()},
    )


def _group_offsets(client: Any, group: str) -> Mapping[Any, Any]:
    """Return what a group has committed.

    The first question about any group makes Kafka create the topic that keeps the offsets, and a broker that has just
    started reads it first: a second or two in which it answers that it does not know yet.
    """
    deadline = time.monotonic() + _ANSWER_MS / 1000
    while True:
        try:
            return dict(client.list_group_offsets(group).get(group, {}))
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            if time.monotonic() >= deadline:
                raise
            time.sleep(_AGAIN_SECONDS)


def _reports(offsets: Mapping[Any, Any]) -> tuple[Heartbeat | None, bool]:
    """Return the newest heartbeat of a group, and whether a query of any version committed its offsets."""
    notes = [committed.metadata or "" for committed in offsets.values()]
    return newest_heartbeat(notes), any(Writer.from_text(note) is not None for note in notes)


def _silent(settings: Settings, *, known: bool, others: Mapping[str, Heartbeat | None]) -> Health:
    """Return the health of a query without a heartbeat; `known` when an older gistream committed offsets for it."""
    if known:
        return Health("not running", "the gistream that last ran it was older and did not report")
    name = f"no query '{settings.query}' has run on {settings.servers} for as long as Kafka remembers (a week)"
    return Health("not running", f"{name}; choose one with --query" if others else f"{name}; `gistream run` starts it")


def _other_queries(client: Any, settings: Settings) -> dict[str, Heartbeat | None]:
    """Return the last heartbeat of each other query, by its name; None for one of an older gistream.

    There are none where this user may not see all groups, and of a Kafka before 3.0, which answers for one group alone.
    """
    try:
        names = sorted(group["group_id"] for group in client.list_groups())
        others = [name for name in names if name.startswith(GROUP_PREFIX) and name != settings.group_id]
        groups = client.list_group_offsets(others) if others else {}
    except (AuthorizationError, UnsupportedVersionError):
        return {}
    reports = {name.removeprefix(GROUP_PREFIX): _reports(offsets) for name, offsets in groups.items()}
    # Another program may call its group so, too.
    return {name: beat for name, (beat, known) in reports.items() if known}


@contextmanager
def _client(settings: Settings) -> Iterator[Any]:
    """Connect to Kafka; an error of its client becomes the service's."""
    servers = settings.servers
    try:
        client = KafkaAdminClient(
            bootstrap_servers=servers.split(","),
            **{
                "client_id": "gistream-status",
                "bootstrap_timeout_ms": _ANSWER_MS,
                "request_timeout_ms": _ANSWER_MS,
                **checked_options(settings),
            },
        )
        try:
            yield client
        finally:
            client.close()
    except (KafkaConnectionError, KafkaTimeoutError) as error:
        raise no_answer(servers) from error
    except AuthorizationError as error:
        resource = f"group '{settings.group_id}', or on one of the topics that it reads"
        raise missing_right(settings, "Describe", resource) from error
    except KafkaError as error:
        raise BrokerError(f"Kafka on {servers} refused to describe the query: {reason(error)}.") from error
