"""`gistream status`: how a query does, for people and for scripts."""

from __future__ import annotations

from typing import Annotated

import typer

from streaming.settings import load
from streaming.settings.flags import DataDir, Json, Kafka, Servers, command_flags, flag
from streaming.terminal.consoles import notes, out, write_json
from streaming.terminal.progress import ProgressBar

_EXIT_CODES = {"healthy": 0, "stuck": 1, "not running": 2}


def status(
    ctx: typer.Context,
    query: Annotated[str | None, flag("query")] = None,
    as_json: Json = False,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Say how a query does: what it does now, its last micro-batch, its lag, its rates, its restarts.

    Ends with 0 when the query is healthy, also without work; with 1 when it is stuck (--stuck-after of `run`); with 2
    when it does not run, which is known 20 seconds after a crash. It reads the query's consumer group, so it works on
    every machine that reaches Kafka. A wrong flag ends with 2, too, but prints nothing on standard output; a Kafka that
    does not answer ends with 4.

    Examples:

        gistream status

        gistream status --query weekly --json | jq -r .state
    """
    from consumers.status import read_status
    from consumers.status_lines import status_block, status_json

    settings = load(command_flags(ctx))
    with ProgressBar(notes) as bar:
        bar.begin("asking Kafka")
        now = read_status(settings)
    if as_json:
        write_json(status_json(now))
    else:
        out.print(status_block(now))
    raise typer.Exit(_EXIT_CODES[now.health.state])
