"""Reads the output topic, the dead-letter topic or both, with nothing but an ordinary Kafka consumer.

Item: one record of the summaries or of the dead letters, in the order it arrives. Guarantee: it reads every committed
record between its start and its end. It leaves out a result that was delivered again after a crash, and a summary that
is older than one already read of the same id: the highest source offset counts, not the last arrival.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Literal

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from consumers.newest import NewestResults
from streaming.access import absent_topic, checked_options, denied
from streaming.errors import BrokerError, TopicError, UsageError, no_answer, reason
from streaming.messages import Deletion, OutputMessage, Summary, read_result
from streaming.settings import MIB, Settings

# How long one poll for new records takes; between two polls the reader may be stopped.
_POLL_MS = 500
# How long the broker holds a request without new records: 0.019 of a core on an idle topic, 0.036 with Kafka's 500 ms
# and polls of 200 ms (docs/design/measurements.md, an idle reader).
_FETCH_MAX_WAIT_MS = 5000
# Polls without a record before the end of the topic, in a row: half a minute.
_MAX_EMPTY_POLLS = 60
# Documents whose newest offset is remembered; a bound on memory. Repeated deliveries are close together.
_REMEMBERED = 100_000


@dataclass(frozen=True)
class Unreadable:
    """A record that gistream did not write."""

    topic: str
    partition: int
    offset: int


# How long ago, such as "-1h", "-1h30m", "2d ago".
_DURATION = re.compile(r"(\d{1,9}) ?([smhdw])")
_AGO = re.compile(r"-((?:\d{1,9} ?[smhdw] ?)+)|((?:\d{1,9} ?[smhdw] ?)+)ago")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# The position to start from; a number is a time in milliseconds since 1970 UTC.
Start = Literal["earliest", "latest"] | int
TailRead = OutputMessage | Unreadable


class Tail:
    """A reader of the summaries, of the dead letters or of both."""

    def __init__(self, settings: Settings, *, summaries: bool = True, dead_letters: bool = False) -> None:
        self._dead_letter_topic = settings.dead_letter_topic
        self._topics = [settings.output_topic] * summaries + [settings.dead_letter_topic] * dead_letters
        self._newest = NewestResults(_REMEMBERED)
        # The ids of all summaries so far; None when it does not know them all.
        self._ids: set[str] | None = None
        servers, options = settings.servers, checked_options(settings)
        # A request ends after its time-out, so the broker must not hold it as long.
        fetch_max_wait = min(_FETCH_MAX_WAIT_MS, options.get("request_timeout_ms", 2 * _FETCH_MAX_WAIT_MS) // 2)
        self._settings, self._servers = settings, servers
        with self._explained():
            self._consumer = KafkaConsumer(
                bootstrap_servers=servers.split(","),
                **{
                    "client_id": "gistream-tail",
                    "enable_auto_commit": False,
                    # A misspelt name must not become a topic.
                    "allow_auto_create_topics": False,
                    "fetch_max_wait_ms": fetch_max_wait,
                    "isolation_level": "read_committed",
                    "max_partition_fetch_bytes": settings.max_result_bytes + MIB,
                    "bootstrap_timeout_ms": 10_000,
                    **options,
                },
            )
            numbers = {topic: self._consumer.partitions_for_topic(topic) for topic in self._topics}
        for topic, partitions in numbers.items():
            if not partitions:
                self._consumer.close()
                raise absent_topic(settings, topic)
        self._partitions = [
            TopicPartition(topic, number) for topic in self._topics for number in sorted(numbers[topic])
        ]
        self._consumer.assign(self._partitions)

    def seek(self, start: Start) -> None:
        """Move to the beginning, the end, or the first record at or after a time."""
        self._ids = set() if start == "earliest" else None
        with self._explained():
            if start == "earliest":
                self._consumer.seek_to_beginning(*self._partitions)
            elif start == "latest":
                self._consumer.seek_to_end(*self._partitions)
            else:
                offsets = self._consumer.offsets_for_times(dict.fromkeys(self._partitions, start))
                ends = self._consumer.end_offsets(self._partitions)
                for partition in self._partitions:
                    position = offsets.get(partition)
                    self._consumer.seek(partition, position.offset if position else ends[partition])
            # kafka-python resolves a seek when `position` is called; call it now, so that no later record is skipped.
            for partition in self._partitions:
                self._consumer.position(partition)

    def read(self, *, until_end: bool = False) -> Iterator[TailRead | None]:
        """Yield the records of the topics, present and future; yields None after a poll without a record.

        With `until_end` it stops at the end that the topics had when it was called.
        """
        with self._explained():
            ends = self._consumer.end_offsets(self._partitions) if until_end else None
        empty_polls = 0
        while ends is None or not self._is_at(ends):
            with self._explained():
                batches = self._consumer.poll(timeout_ms=_POLL_MS)
            empty_polls = 0 if batches else empty_polls + 1
            if ends is not None and empty_polls > _MAX_EMPTY_POLLS:
                raise BrokerError(f"Kafka stopped answering before the end of {' and '.join(self._topics)} was read.")
            if not batches:
                yield None
            for records in batches.values():
                for record in records:
                    if ends is not None and record.offset >= ends[TopicPartition(record.topic, record.partition)]:
                        continue
                    if self._deletes_letter(record):
                        continue
                    result = self._parse(record)
                    if isinstance(result, Unreadable) or self._newest.admit(result):
                        yield self._with_meeting(result)

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close(autocommit=False)

    def _is_at(self, ends: Mapping[Any, int]) -> bool:
        with self._explained():
            return all(self._consumer.position(partition) >= ends[partition] for partition in self._partitions)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise the service's error for an error of the client, which also checks and unpacks the records."""
        try:
            yield
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            raise no_answer(self._servers) from error
        except KafkaError as error:
            if right := denied(error, self._settings, "Read", self._topics):
                raise right from error
            raise TopicError(
                f"{' and '.join(self._topics)} on {self._servers} cannot be read: {reason(error)}."
            ) from error

    def _deletes_letter(self, record: Any) -> bool:
        """Tell whether a record is the tombstone that `gistream forget` sends to a compacted dead-letter topic."""
        return record.topic == self._dead_letter_topic and record.value is None and not record.headers

    def _parse(self, record: Any) -> TailRead:
        dead_letter = record.topic == self._dead_letter_topic
        result = read_result(record.key, record.value, record.headers, dead_letter=dead_letter)
        return Unreadable(record.topic, record.partition, record.offset) if result is None else result

    def _with_meeting(self, result: TailRead) -> TailRead:
        """Return `result`; a deletion says whether there was a summary of its document before."""
        if self._ids is not None and isinstance(result, Deletion):
            return replace(result, met=result.id in self._ids)
        if self._ids is not None and isinstance(result, Summary):
            self._ids.add(result.id)
            if len(self._ids) > _REMEMBERED:
                self._ids = None
        return result


def parse_start(start: str, flag: str = "--from") -> Start:
    """Read "earliest", "latest", a time in ISO 8601 (without a zone, UTC) or how long ago; raises `UsageError`."""
    if start in ("earliest", "latest"):
        return "earliest" if start == "earliest" else "latest"
    if ago := _AGO.fullmatch(start.strip()):
        seconds = sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(ago[1] or ago[2]))
        # Kafka knows no time before 1970.
        return max(0, int((time.time() - seconds) * 1000))
    try:
        moment = datetime.fromisoformat(start.replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(
            f"{flag} takes earliest, latest or a time, such as 2026-01-31T08:00 or -1h (an hour ago; also s, m, d, w); "
            f"'{start}' is none of them."
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0, int(moment.timestamp() * 1000))
