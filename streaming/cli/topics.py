"""`gistream topics`: create and describe the topics of this installation."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from streaming.errors import UsageError
from streaming.settings import load
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Json,
    Kafka,
    OutputTopic,
    SchemaRegistry,
    SchemaRegistryCa,
    Servers,
    command_flags,
    flag,
)
from streaming.terminal.consoles import notes, out, print_table
from streaming.terminal.progress import ProgressBar


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
    from streaming.kafka.topic import required_topics
    from streaming.kafka.topics import Admin

    settings = load(command_flags(ctx))
    with Admin(settings) as admin:
        created = admin.ensure()
    for name in required_topics(settings):
        out.print(f"{name}: {'created' if name in created else 'was there'}")


def peek(
    ctx: typer.Context,
    topic: Annotated[str | None, typer.Argument(help="The topic; default: the input topic of the settings.")] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many records to show.")] = 3,
    format: Annotated[str | None, flag("format")] = None,
    field: Annotated[list[str] | None, flag("field")] = None,
    keep: Annotated[list[str] | None, flag("keep")] = None,
    id_from: Annotated[str | None, flag("id_from")] = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    as_json: Json = False,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Show what a query would read from the first records of a topic: id, title, text, metadata. Nothing is committed.

    Examples:

        gistream topics peek tickets --format json --field text=content --field id=ticket

        gistream topics peek -n 20 --json | jq -r .error
    """
    from streaming.operations.peek import peek as peek_at
    from streaming.terminal.peek_block import peek_block, peek_json

    settings = load(command_flags(ctx))
    name = topic or ",".join(settings.input_topics)
    if not name or "," in name:
        raise UsageError("The settings name several topics, or a pattern; say which: gistream topics peek TOPIC.")
    with ProgressBar(notes) as bar:
        bar.begin("records", number)
        records = []
        for peeked in peek_at(settings, name, number):
            records.append(peeked)
            bar.advance()
    for record, read_as in records:
        if as_json:
            sys.stdout.write(peek_json(record, read_as) + "\n")
        else:
            out.print(peek_block(record, read_as))
    if not records:
        notes.print(f"topic '{name}' has no record")


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
    """Show the topics: partitions, offsets, bytes, limits.

    A topic has at most as many records as offsets: the end of a transaction and its aborted records have some, too.

    Example:

        gistream topics describe --json | jq '.topics[] | {name, offsets}'
    """
    from streaming.kafka.topic import result_topics
    from streaming.kafka.topics import Admin

    settings = load(command_flags(ctx))
    with Admin(settings) as admin:
        topics = admin.describe([*admin.inputs(), *result_topics(settings)])
    if as_json:
        sys.stdout.write(json.dumps({"topics": [asdict(topic) for topic in topics]}) + "\n")
        return
    table = Table("topic", "partitions", "offsets", "bytes", "largest record", "retention", "cleanup", box=None)
    for topic in topics:
        retention = f"{topic.retention_ms // 3_600_000} h" if topic.retention_ms >= 0 else "for ever"
        table.add_row(
            topic.name,
            str(topic.partitions),
            f"{topic.offsets:,}",
            "?" if topic.bytes is None else f"{topic.bytes:,}",
            f"{topic.max_message_bytes:,}",
            retention,
            topic.cleanup_policy,
        )
    print_table(table)
