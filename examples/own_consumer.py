"""A consumer of your own: reads gistream's output topic with kafka-python, and keeps the newest summary of each id.

    python examples/own_consumer.py

It shows the delivery rule (docs/delivery.md): of one id, the highest SOURCE offset counts, not the last arrival. After
a crash or a replay an older result may arrive last, and a result may arrive twice. A deletion is a record without a
value; its headers say where its source was, and it follows the same rule.

It reads to the present end of the topic, prints the summaries, and stops; a loop without an end would follow the topic.
Kafka's address and the topic come from gistream's settings; in your own program put two strings there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streaming.settings import load


@dataclass
class Newest:
    """The newest result of one id; `summary` is None when that result is a deletion."""

    offset: int
    recipes: set[str]
    produced_at: datetime | None
    summary: str | None


# Offsets compare within one partition of one source topic, so both belong to the key.
Table = dict[tuple[str, int, str], Newest]


def update(table: Table, key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> None:
    """Put one record of the output topic into `table`, unless it is a repeat or older than the result there.

    Raises `KeyError` for a record that gistream did not write.
    """
    if value is None:
        fields = {name: raw.decode() for name, raw in headers if name.startswith("source.")}
        topic, partition, offset = fields["source.topic"], int(fields["source.partition"]), int(fields["source.offset"])
        recipe, produced_at, summary = "", None, None
    else:
        result: dict[str, Any] = json.loads(value)
        topic, partition, offset = (result["source"][name] for name in ("topic", "partition", "offset"))
        recipe, summary = result["recipe"], result["summary"]
        produced_at = datetime.fromisoformat(result["produced_at"].replace("Z", "+00:00"))
    newest = table.get((topic, partition, key.decode()))
    # A deletion at the offset of a summary (`gistream forget` sends it) is newer than the summary.
    if newest is None or offset > newest.offset or (offset == newest.offset and value is None):
        table[topic, partition, key.decode()] = Newest(offset, {recipe}, produced_at, summary)
    elif offset == newest.offset and recipe not in newest.recipes:
        # The same document, summarized again by another model or prompt: the later summary is the newer one.
        newest.recipes.add(recipe)
        if produced_at and newest.produced_at and produced_at > newest.produced_at:
            newest.produced_at, newest.summary = produced_at, summary


def main() -> None:
    """Read the output topic from its beginning to its present end and print the newest summary of each id."""
    settings = load({})
    consumer = KafkaConsumer(bootstrap_servers=settings.servers.split(","), isolation_level="read_committed")
    numbers = consumer.partitions_for_topic(settings.output_topic)
    if not numbers:
        raise SystemExit(f"There is no topic '{settings.output_topic}' on {settings.servers}.")
    partitions = [TopicPartition(settings.output_topic, number) for number in numbers]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    table: Table = {}
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                update(table, record.key, record.value, record.headers)
    consumer.close()
    for (_, _, name), newest in sorted(table.items()):
        if newest.summary is not None:
            print(f"{name}: {newest.summary}")


if __name__ == "__main__":
    main()
