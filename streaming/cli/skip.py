"""`gistream skip`: a query's way past a micro-batch that ends its process each time."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streaming.errors import UsageError
from streaming.settings import load
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Kafka,
    OutputTopic,
    SchemaRegistry,
    SchemaRegistryCa,
    Servers,
    command_flags,
    flag,
)
from streaming.terminal.consoles import out
from streaming.wording import counted


def skip(
    ctx: typer.Context,
    batch: Annotated[
        int, typer.Argument(min=0, help="The number of the micro-batch, which `run` named.", show_default=False)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip without asking.")] = False,
    query: Annotated[str | None, flag("query")] = None,
    checkpoint: Annotated[str | None, flag("checkpoint")] = None,
    sink: Annotated[list[str] | None, flag("sink")] = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    format: Annotated[str | None, flag("format")] = None,
    field: Annotated[list[str] | None, flag("field")] = None,
    id_from: Annotated[str | None, flag("id_from")] = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Give up the micro-batch that a query cannot get past, and let it go on behind it.

    For a query that has stopped. Each record of the micro-batch becomes a dead letter with its original bytes, of the
    type ProcessLost, which `gistream redrive` sends back; deletions are carried out. Nothing is summarized, and neither
    Spark nor a model starts. Afterwards start `gistream run`.

    Examples:

        gistream skip 17 --dry-run

        gistream skip 17 --query letters --sink parquet=/srv/gistream/archive --yes
    """
    from streaming.operations.skip import open_skip

    settings = load(command_flags(ctx))
    with open_skip(settings, batch) as planned:
        out.print(f"micro-batch {batch} of query '{settings.query}': {planned.offsets}")
        out.print(
            f"to {' and '.join(planned.outputs)}: {counted(planned.letters, 'dead letter')}, "
            f"{counted(planned.deletions, 'deletion')}"
        )
        if planned.already:
            out.print(f"{counted(planned.already, 'record')} left out, which had their results before")
        if dry_run:
            return
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError("`skip` asks before it gives a micro-batch up; add --yes, or --dry-run.")
            if not typer.confirm(f"Skip micro-batch {batch}?"):
                out.print("nothing was done")
                return
        planned.carry_out()
    out.print(f"skipped micro-batch {batch}; `gistream run` goes on behind it")
