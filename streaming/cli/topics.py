"""`gistream topics`: create and describe the topics of this installation."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from streaming.settings import load
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Json,
    Kafka,
    OutputTopic,
    Servers,
    command_flags,
    flag,
)
from streaming.terminal.consoles import out, print_table


def create(
    ctx: typer.Context,
    partitions: Annotated[int | None, flag("partitions")] = None,
    replication: Annotated[int | None, flag("replication")] = None,
    retention_hours: Annotated[int | None, flag("retention_hours")] = None,
    input_topic: InputTopic = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Create the topics that are missing, with the limits that gistream needs; those that exist stay as they are.

    Example:
        gistream topics create --partitions 8 --retention-hours 720
    """
    from streaming.kafka.topics import Admin, required_topics

    settings = load(command_flags(ctx))
    with Admin(settings) as admin:
        created = admin.ensure()
    for name in required_topics(settings):
        out.print(f"{name}: {'created' if name in created else 'was there'}")


def describe(
    ctx: typer.Context,
    as_json: Json = False,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Show the topics: partitions, messages, bytes, limits.

    Example:
        gistream topics describe --json | jq '.topics[] | {name, messages}'
    """
    from streaming.kafka.topics import Admin, result_topics

    settings = load(command_flags(ctx))
    with Admin(settings) as admin:
        topics = admin.describe([*admin.inputs(), *result_topics(settings)])
    if as_json:
        sys.stdout.write(json.dumps({"topics": [asdict(topic) for topic in topics]}) + "\n")
        return
    table = Table("topic", "partitions", "messages", "bytes", "largest record", "retention", "cleanup", box=None)
    for topic in topics:
        retention = f"{topic.retention_ms // 3_600_000} h" if topic.retention_ms >= 0 else "for ever"
        table.add_row(
            topic.name,
            str(topic.partitions),
            f"{topic.messages:,}",
            f"{topic.bytes:,}",
            f"{topic.max_message_bytes:,}",
            retention,
            topic.cleanup_policy,
        )
    print_table(table)
