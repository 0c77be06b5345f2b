"""`gistream tail`: results as they reach the output topics."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streaming.settings import load
from streaming.settings.flags import DataDir, DeadLetterTopic, Json, Kafka, OutputTopic, Servers, command_flags
from streaming.terminal.consoles import notes, out, write_json


def tail(
    ctx: typer.Context,
    start: Annotated[
        str,
        typer.Option(
            "--from", help="earliest, latest, a time such as 2026-01-31T08:00 (UTC), or how long ago: -30m, -1h, -2d."
        ),
    ] = "earliest",
    count: Annotated[int | None, typer.Option(min=1, help="End after this many.", show_default=False)] = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="Print what is there, then end.")] = False,
    dead_letters: Annotated[bool, typer.Option("--dead-letters", help="Read the dead letters instead.")] = False,
    as_json: Json = False,
    bootstrap_servers: Servers = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Print summaries as they arrive, each result once.

    Examples:

        gistream tail --until-end

        gistream tail --from -1h

        gistream tail --from latest --json | jq .summary
    """
    from consumers.rendering import tail_block, tail_json
    from consumers.tail import Tail, Unreadable, parse_start

    settings = load(command_flags(ctx))
    place = parse_start(start)
    reader = Tail(settings, summaries=not dead_letters, dead_letters=dead_letters)
    try:
        reader.seek(place)
        printed = 0
        for read in reader.read(until_end=until_end):
            if read is None:
                continue
            if isinstance(read, Unreadable):
                notes.print(f"offset {read.offset} of {read.topic}-{read.partition} is none of gistream's records")
                continue
            if as_json:
                write_json(tail_json(read))
            else:
                out.print(tail_block(read), crop=False)
                sys.stdout.flush()
            printed += 1
            if count is not None and printed >= count:
                return
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    finally:
        reader.close()
