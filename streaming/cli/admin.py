"""The commands that look after an installation: `gistream broker`, `topics`, `config` and `doctor`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streaming.kafka.broker import EmbeddedBroker, Status
from streaming.settings import load, load_with_origins, pairs, printable
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Json,
    Kafka,
    OutputTopic,
    Servers,
    flag,
)

broker_app = typer.Typer(no_args_is_help=True, help="The embedded Kafka broker of the data dir.")
topics_app = typer.Typer(no_args_is_help=True, help="The topics of this installation.")
config_app = typer.Typer(no_args_is_help=True, help="The settings.")

out = Console(highlight=False, soft_wrap=True)


@broker_app.command("start")
def broker_start(data_dir: DataDir = None) -> None:
    """Start the broker and wait until it answers; it runs on when this command ends.

    Example:
        gistream broker start --data-dir /srv/gistream
    """
    _say(EmbeddedBroker(load({"data_dir": data_dir})).start())


@broker_app.command("stop")
def broker_stop(data_dir: DataDir = None) -> None:
    """Stop the broker and wait until it has ended; its data stays."""
    stopped = EmbeddedBroker(load({"data_dir": data_dir})).stop()
    out.print("the broker has stopped" if stopped else "the broker was not running")


@broker_app.command("status")
def broker_status(as_json: Json = False, data_dir: DataDir = None) -> None:
    """Tell whether the broker runs, and where.

    Example:
        gistream broker status --json | jq -r .bootstrap_servers
    """
    status = EmbeddedBroker(load({"data_dir": data_dir})).status()
    if as_json:
        sys.stdout.write(json.dumps(asdict(status)) + "\n")
    else:
        _say(status)


def _say(status: Status) -> None:
    if status.running:
        out.print(f"the broker runs on {status.bootstrap_servers} (process {status.pid}, log {status.log})")
    else:
        out.print("the broker is not running; start it with `gistream broker start`")


@topics_app.command("create")
def topics_create(
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
    from streaming.kafka.topics import Admin, wanted_topics

    settings = load(
        {
            "partitions": partitions,
            "replication": replication,
            "retention_hours": retention_hours,
            "input_topic": input_topic,
            "output_topic": output_topic,
            "dead_letter_topic": dead_letter_topic,
            "bootstrap_servers": bootstrap_servers,
            "kafka": pairs(kafka, "--kafka"),
            "data_dir": data_dir,
        }
    )
    with Admin(settings) as admin:
        created = admin.ensure()
    for name in wanted_topics(settings):
        out.print(f"{name}: {'created' if name in created else 'was there'}")


@topics_app.command("describe")
def topics_describe(
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

    settings = load(
        {
            "input_topic": input_topic,
            "input_pattern": input_pattern,
            "output_topic": output_topic,
            "dead_letter_topic": dead_letter_topic,
            "bootstrap_servers": bootstrap_servers,
            "kafka": pairs(kafka, "--kafka"),
            "data_dir": data_dir,
        }
    )
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
    out.print(table)


@config_app.command("show")
def config_show(as_json: Json = False, data_dir: DataDir = None) -> None:
    """Show every setting, its value, and where the value came from; secrets are masked.

    Examples:
        gistream config show

        GISTREAM_SLOTS=8 gistream config show --json | jq .slots
    """
    settings, origins = load_with_origins({"data_dir": data_dir})
    values = printable(settings)
    if as_json:
        sys.stdout.write(json.dumps({n: {"value": v, "from": origins[n]} for n, v in values.items()}) + "\n")
        return
    table = Table("setting", "value", "from", box=None)
    for name, value in values.items():
        table.add_row(name, _plain(value), origins[name])
    out.print(table)


_COLOUR = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    model: Annotated[str | None, flag("model")] = None,
    sink: Annotated[list[str] | None, flag("sink")] = None,
    master: Annotated[str | None, flag("master")] = None,
    prompt: Annotated[str | None, flag("prompt")] = None,
    query: Annotated[str | None, flag("query")] = None,
    checkpoint: Annotated[str | None, flag("checkpoint")] = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check everything that a start needs, a line each, with what is wrong and what to do.

    Ends with 0 when there is no problem, else with the exit code that a start would have. Changes nothing; an object
    store is tried with an empty file.

    Examples:
        gistream doctor

        gistream doctor --json | jq '.findings[] | select(.state != "ok")'
    """
    from streaming.operations.doctor import examine

    settings = load(
        {
            "model": model,
            "sink": sink,
            "master": master,
            "prompt": prompt,
            "query": query,
            "checkpoint": checkpoint,
            "input_topic": input_topic,
            "input_pattern": input_pattern,
            "output_topic": output_topic,
            "dead_letter_topic": dead_letter_topic,
            "bootstrap_servers": bootstrap_servers,
            "kafka": pairs(kafka, "--kafka"),
            "data_dir": data_dir,
        }
    )
    findings = []
    for finding in examine(settings):
        findings.append(finding)
        if not as_json:
            mark = (f"{finding.state:<8}", _COLOUR[finding.state])
            out.print(Text.assemble(mark, f" {finding.check:<11}", finding.said))
    if as_json:
        sys.stdout.write(json.dumps({"findings": [asdict(finding) for finding in findings]}) + "\n")
    raise typer.Exit(next((finding.exit_code for finding in findings if finding.exit_code), 0))


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={inner}" for name, inner in value.items())
    return "" if value is None else str(value)
