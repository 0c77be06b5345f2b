"""`gistream redrive`: dead letters back to the topic that they came from."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from streaming.cli.dead_letters import (
    Field,
    Format,
    IdFrom,
    Ids,
    MaxAttempts,
    ParquetPath,
    Since,
    Stages,
    Types,
    not_chosen,
    selection,
    surveyed,
)
from streaming.errors import NotAcknowledged, UsageError
from streaming.messages import WHY_LEFT, FailedDocument
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
)
from streaming.terminal.consoles import notes, out, print_table
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted

_SECONDS = {"s": 1, "m": 60, "h": 3600}
# Documents that a message names.
_MOST_NAMED = 10


def redrive(
    ctx: typer.Context,
    types: Types = None,
    stages: Stages = None,
    since: Since = None,
    ids: Ids = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Send this many, the oldest first.")] = None,
    rate: Annotated[
        str | None, typer.Option(help="Send no faster than this: 5/s, 100/m, 1000/h.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send without asking.")] = False,
    parquet: ParquetPath = None,
    format: Format = None,
    field: Field = None,
    id_from: IdFrom = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    max_attempts: MaxAttempts = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Send dead letters back to the topic that they came from, each once, when the cause of the failure is gone.

    A document goes to the partition that it came from and keeps its position, so its summary never counts as newer than
    that of a later version. What cannot or must not be sent is left out and counted.

    Examples:

        gistream redrive --dry-run

        gistream redrive --type DeadlineExceeded --since -1d --yes

        gistream redrive --limit 1000 --rate 5/s
    """
    from streaming.ctrl_c import stop_event
    from streaming.operations.redrive.redrive import redrive as send_back
    from streaming.terminal.dead_letter_tables import reason_table

    settings = load(command_flags(ctx))
    chosen, most_a_second = selection(types, stages, ids, since), _per_second(rate)
    with surveyed(settings, parquet) as (place, survey):
        selected = survey.select(chosen)
    waiting = [letter for letter in selected if letter.state == "waiting"]
    letters = waiting[:limit]
    if not letters:
        out.print(f"nothing to redrive in {place.name}")
        _print_left_out(selected, settings.max_attempts)
        if others := not_chosen(survey, chosen):
            out.print(f"left out: {others:,} waiting that you did not choose (--type, --stage, --since, --id)")
        return
    topics = Counter(letter.source.topic for letter in letters)
    out.print(f"to send back from {place.name}: {counted(len(letters), 'document')}")
    print_table(reason_table(letters, by_state=False))
    out.print("to: " + ", ".join(f"topic '{topic}' ({number:,})" for topic, number in topics.items()))
    if len(waiting) > len(letters):
        out.print(f"beyond --limit: {len(waiting) - len(letters):,}")
    _print_left_out(selected, settings.max_attempts)
    if dry_run:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("`redrive` asks before it sends, and there is nobody to ask; add --yes, or --dry-run.")
        if not typer.confirm(f"Send {counted(len(letters), 'document')} back?"):
            out.print("nothing was sent")
            return
    with stop_event() as stop, ProgressBar(notes) as bar:
        bar.begin("sent", len(letters))
        outcome = send_back(settings, place, survey, letters, rate=most_a_second, stop=stop, on_sent=bar.advance)
    out.print(f"sent: {outcome.sent:,} of {counted(len(letters), 'document')}")
    if outcome.changed:
        out.print(f"sent back, summarized or replaced in the meantime: {_names(outcome.changed)}")
    if outcome.refused:
        raise NotAcknowledged(
            f"{counted(len(outcome.refused), 'document')} did not fit the topic with the six headers of a redriven "
            f"record: {_names(outcome.refused)}; raise the topic's max.message.bytes."
        )
    if stop.is_set() and outcome.sent + len(outcome.changed) < len(letters):
        out.print("stopped; the other documents stay dead letters")
        raise typer.Exit(130)


def _print_left_out(letters: Sequence[FailedDocument], max_attempts: int) -> None:
    for state, reason in WHY_LEFT.items():
        group = [letter for letter in letters if letter.state == state]
        if not group:
            continue
        line = f"left out: {len(group):,} {reason.format(max_attempts=max_attempts)}"
        if state == "exhausted":
            line += f": {_names(group)}"
        out.print(line)
        if state == "unsendable":
            for letter in group[:_MOST_NAMED]:
                out.print(f"  {letter.name}: {letter.note}")


def _names(letters: Sequence[FailedDocument]) -> str:
    names = ", ".join(letter.name for letter in letters[:_MOST_NAMED])
    return names + (f" and {len(letters) - _MOST_NAMED:,} more" if len(letters) > _MOST_NAMED else "")


def _per_second(rate: str | None) -> float | None:
    """Read a rate; raises `UsageError`."""
    if rate is None:
        return None
    number, _, unit = rate.partition("/")
    if not number.isdecimal() or int(number) < 1 or (unit or "s") not in _SECONDS:
        raise UsageError(f"--rate takes a number and a unit, such as 5/s, 100/m or 1000/h; '{rate}' is none.")
    return int(number) / _SECONDS[unit or "s"]
