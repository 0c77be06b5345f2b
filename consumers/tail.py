"""Reads the output topics as any consumer would, one of them or both.

Item: one record of the summaries or of the dead letters, in the order it arrives. Guarantee: nothing committed is
missed between where it starts and where it ends; a result that was delivered again after a crash is left out, and so
is a summary that is older than one already read of the same id: the highest source offset counts, not the last arrival.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from streaming.errors import BrokerError, TopicError, UsageError, no_answer
from streaming.messages import Deleted, Read, Summary, read_result
from streaming.settings import MIB, Settings
from streaming.settings.kafka_options import for_python

# How long one look for new records takes; between two looks the reader may be stopped.
_LOOK_MS = 500
# How long the broker holds a request while there is nothing new; what comes is sent at once. Beside an idle topic the
# reader and the embedded broker took 0.036 of a core with looks of 200 ms and requests of 500 ms (Kafka's default), and
# 0.019 with these two; records were there after 28 and 16 ms (medians of 1,400, three partitions each of two topics).
_HELD_MS = 5000
# Looks without a record, while there must be more: half a minute.
_LONGEST_QUIET = 60
# Documents whose newest offset is remembered, so that a reader that runs for years does not grow: what was delivered
# twice stands close together.
_REMEMBERED = 100_000


@dataclass(frozen=True)
class Unreadable:
    """A record that is none of gistream's."""

    topic: str
    partition: int
    offset: int


# Where to begin; a number is a time in milliseconds since 1970 UTC.
Start = Literal["earliest", "latest"] | int
TailRead = Read | Unreadable


class Tail:
    """A reader of the summaries, of the dead letters or of both, from a place in their topics on."""

    def __init__(self, settings: Settings, *, summaries: bool = True, dead_letters: bool = False) -> None:
        self._dead_letter_topic = settings.dead_letter_topic
        self._topics = [settings.output_topic] * summaries + [settings.dead_letter_topic] * dead_letters
        self._seen: dict[tuple[str, str], tuple[int, str]] = {}
        servers = settings.servers
        try:
            self._consumer = KafkaConsumer(
                bootstrap_servers=servers.split(","),
                **{
                    "client_id": "gistream-tail",
                    "enable_auto_commit": False,
                    "fetch_max_wait_ms": _HELD_MS,
                    "isolation_level": "read_committed",
                    "max_partition_fetch_bytes": settings.max_result_bytes + MIB,
                    "bootstrap_timeout_ms": 10_000,
                    **for_python(settings.kafka),
                },
            )
            numbers = {topic: self._consumer.partitions_for_topic(topic) for topic in self._topics}
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            raise no_answer(servers) from error
        except KafkaError as error:
            raise TopicError(f"{' and '.join(self._topics)} on {servers} cannot be read: {error}.") from error
        for topic, partitions in numbers.items():
            if not partitions:
                self._consumer.close()
                raise TopicError(
                    f"Topic '{topic}' does not exist on {servers}; create it with `gistream topics create`."
                )
        self._partitions = [
            TopicPartition(topic, number) for topic in self._topics for number in sorted(numbers[topic])
        ]
        self._consumer.assign(self._partitions)

    def seek(self, start: Start) -> None:
        """Go to the beginning, the end, or the first record of a time."""
        if start == "earliest":
            self._consumer.seek_to_beginning(*self._partitions)
        elif start == "latest":
            self._consumer.seek_to_end(*self._partitions)
        else:
            found = self._consumer.offsets_for_times(dict.fromkeys(self._partitions, start))
            ends = self._consumer.end_offsets(self._partitions)
            for partition in self._partitions:
                place = found.get(partition)
                self._consumer.seek(partition, place.offset if place else ends[partition])
        # A seek is carried out when a position is next asked for; records that come from now on must be read.
        for partition in self._partitions:
            self._consumer.position(partition)

    def read(self, *, until_end: bool = False) -> Iterator[TailRead | None]:
        """Yield what is there and what comes; None when there was nothing new for a moment.

        With `until_end` it ends where the topic ended when it was called.
        """
        ends = self._consumer.end_offsets(self._partitions) if until_end else None
        quiet = 0
        while ends is None or any(self._consumer.position(p) < ends[p] for p in self._partitions):
            polled = self._consumer.poll(timeout_ms=_LOOK_MS)
            quiet = 0 if polled else quiet + 1
            if ends is not None and quiet > _LONGEST_QUIET:
                raise BrokerError(f"Kafka stopped answering before the end of {' and '.join(self._topics)} was read.")
            if not polled:
                yield None
            for records in polled.values():
                for record in records:
                    if ends is not None and record.offset >= ends[TopicPartition(record.topic, record.partition)]:
                        continue
                    read = self._parse(record)
                    if self._is_news(read):
                        yield read

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close(autocommit=False)

    def _parse(self, record: Any) -> TailRead:
        dead_letter = record.topic == self._dead_letter_topic
        read = read_result(record.key, record.value, record.headers, dead_letter=dead_letter)
        return Unreadable(record.topic, record.partition, record.offset) if read is None else read

    def _is_news(self, read: TailRead) -> bool:
        """Tell whether a record is the newest of its document, and remember it."""
        if isinstance(read, Unreadable) or read.source is None:
            return True
        place, recipe = read.source, read.recipe if isinstance(read, Summary) else ""
        name = read.id if isinstance(read, Summary | Deleted) else f"offset {place.offset}"
        # Offsets can be compared within a partition only; a key has one, unless the topic was given more.
        key = (f"{place.topic}-{place.partition}", name)
        known = self._seen.get(key)
        if known is not None and (place.offset < known[0] or (place.offset, recipe) == known):
            return False
        self._seen[key] = (place.offset, recipe)
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True


def parse_start(start: str) -> Start:
    """Read "earliest", "latest" or a time in ISO 8601 (without a zone, UTC); raises `UsageError`."""
    if start in ("earliest", "latest"):
        return "earliest" if start == "earliest" else "latest"
    try:
        moment = datetime.fromisoformat(start.replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(
            f"--from takes earliest, latest or a time such as 2026-01-31T08:00; '{start}' is none of them."
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return int(moment.timestamp() * 1000)
