"""Whether a topic has records that no load wrote: a load that is sent to the wrong topic costs its owner dearly."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from streaming.access import checked_options, denied
from streaming.errors import BrokerError, UsageError, no_answer, reason
from streaming.settings import Settings
from streaming.wording import counted

# The header by which a load's records, and their results, are known; its value is the kind of document.
LOAD_HEADER = "gistream-load"
_POLL_MS = 500
# Polls without a record before an end of a partition is taken for one that no load wrote: the mark of a transaction,
# which is no record, or a broker that is too slow.
_MAX_EMPTY_POLLS = 10


def check_topics(settings: Settings) -> None:
    """Raise `UsageError` when the first or the last record of a partition of the input topics is not a load's.

    A topic that is missing or empty passes. Raises `BrokerError`, and `TopicError` when this user may not read.
    """
    for topic in settings.input_topics:
        _check(settings, topic)


def _check(settings: Settings, topic: str) -> None:
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=settings.servers.split(","),
            **{
                "client_id": "gistream-load",
                "enable_auto_commit": False,
                "allow_auto_create_topics": False,
                "bootstrap_timeout_ms": 10_000,
                **checked_options(settings),
            },
        )
        with closing(consumer):
            partitions = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
            first, last = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
            filled = [partition for partition in partitions if first[partition] < last[partition]]
            ends = {(partition, first[partition]) for partition in filled}
            ends |= {(partition, last[partition] - 1) for partition in filled}
            if all(_is_load(consumer, *end) for end in sorted(ends)):
                return
    except (KafkaConnectionError, KafkaTimeoutError) as error:
        raise no_answer(settings.servers) from error
    except KafkaError as error:
        if right := denied(error, settings, "Read", [topic]):
            raise right from error
        raise BrokerError(f"Topic '{topic}' on {settings.servers} cannot be read: {reason(error)}.") from error
    records = sum(last[partition] - first[partition] for partition in filled)
    raise UsageError(
        f"Topic '{topic}' on {settings.servers} has documents of others ({counted(records, 'offset')}), and a load "
        "would be summarized among them. Give the load a topic of its own (`gistream topics create --input-topic "
        "load`, and --input-topic load here), or say --into-existing."
    )


def _is_load(consumer: Any, partition: TopicPartition, offset: int) -> bool:
    """Return whether the record at an offset, or the next one behind it, comes from a load."""
    # Alone, because the client gives nothing of the other partitions while it has records of one that is paused.
    consumer.assign([partition])
    consumer.seek(partition, offset)
    for _ in range(_MAX_EMPTY_POLLS):
        for records in consumer.poll(timeout_ms=_POLL_MS, max_records=1).values():
            return any(name == LOAD_HEADER for name, _ in records[0].headers)
    return False
