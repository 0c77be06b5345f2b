"""`gistream verify`: whether every record of the input has its result."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from streaming.settings import load
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    Json,
    Kafka,
    OutputTopic,
    RangeEnd,
    RangeStart,
    Servers,
    command_flags,
    flag,
)
from streaming.terminal.consoles import notes, out
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted


def verify(
    ctx: typer.Context,
    parquet: Annotated[
        str | None, typer.Option(help="Account for the results in this archive, not for those on the topics.")
    ] = None,
    start: RangeStart = "earliest",
    end: RangeEnd = "latest",
    query: Annotated[str | None, flag("query")] = None,
    checkpoint: Annotated[str | None, flag("checkpoint")] = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Account for every record that a query has committed: by a summary, a deletion or a dead letter.

    Ends with 1 when a record has nothing, or when an archive has a result twice. On topics a result may stand twice
    after a crash; such results are counted.

    Examples:

        gistream verify

        gistream verify --parquet /srv/gistream/archive --from -1d
    """
    from streaming.archive import ArchiveLocation
    from streaming.operations.offset_range import parse_bounds
    from streaming.operations.verify.verify import verify as account_for

    settings = load(command_flags(ctx))
    bounds = parse_bounds(start, end)
    with ProgressBar(notes) as bar:
        bar.begin("records and results")
        account = account_for(
            settings,
            archive=ArchiveLocation(parquet) if parquet is not None else None,
            bounds=bounds,
            on_record=bar.advance,
        )
    if as_json:
        sys.stdout.write(json.dumps(asdict(account)) + "\n")
    else:
        out.print(
            f"{counted(account.records, 'record')}: {counted(account.summaries, 'summary', 'summaries')}, "
            f"{counted(account.dead_letters, 'dead letter')}, {counted(account.deletions, 'deletion')}"
        )
        if account.unmet:
            out.print(f"{counted(account.unmet, 'deletion')} met nothing: no summary has its id")
        if account.redriven:
            out.print(f"redriven: {account.redriven:,}")
        out.print(f"missing: {account.missing_records:,}")
        out.print(f"twice:   {account.twice:,}")
        if account.unread:
            out.print(f"{counted(account.unread, 'offset')} behind the last commit, which the query has not read yet")
        for loss in account.given_up:
            out.print(f"given up on {loss}")
        # On topics a repeat is no fault.
        doubled = account.doubled if parquet is not None else []
        for name, positions in (
            ("missing", account.missing),
            ("twice", doubled),
            ("met nothing", account.unmet_positions),
        ):
            for position in positions:
                notes.print(f"{name}: {position}")
    if account.missing_records or (parquet is not None and account.twice):
        raise typer.Exit(1)
