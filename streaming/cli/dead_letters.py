"""`gistream dead-letters`: which documents failed, why, how often, and what became of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.errors import UsageError
from streaming.settings import Settings, load
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
from streaming.terminal.consoles import notes, out, print_table, write_json
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted

if TYPE_CHECKING:
    # These import Kafka's client and pyarrow, which takes a moment.
    from streaming.operations.redrive.places import LetterPlace
    from streaming.operations.redrive.survey import Selection, Survey

ParquetPath = Annotated[str | None, typer.Option(help="Read the dead letters of this archive, not those on the topic.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="A reason's type, such as DeadlineExceeded; may be repeated.")
]
Stages = Annotated[list[str] | None, typer.Option("--stage", help="decode, summarize or publish; may be repeated.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="A document's id, or its position; may be repeated.")]
Since = Annotated[str | None, typer.Option(help="Failed since then: 2026-01-31T08:00, -1h, -2d.", show_default=False)]
Format = Annotated[str | None, flag("format")]
Field = Annotated[list[str] | None, flag("field")]
IdFrom = Annotated[str | None, flag("id_from")]
MaxAttempts = Annotated[int | None, flag("max_attempts")]
_STAGES = ("decode", "summarize", "publish")


def list_letters(
    ctx: typer.Context,
    types: Types = None,
    stages: Stages = None,
    ids: Ids = None,
    since: Since = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also documents that have a result by now, or a newer version.")
    ] = False,
    parquet: ParquetPath = None,
    format: Format = None,
    field: Field = None,
    id_from: IdFrom = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    max_attempts: MaxAttempts = None,
    as_json: Json = False,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """List the documents that failed, one line each however often it failed, the oldest first.

    Examples:

        gistream dead-letters list

        gistream dead-letters list --type DeadlineExceeded --since -1d --json | jq -r .document
    """
    from streaming.messages import SETTLED, STATES
    from streaming.terminal.dead_letter_tables import letter_fields, letter_table

    chosen = selection(types, stages, ids, since)
    with surveyed(load(command_flags(ctx)), parquet) as (place, survey):
        states = STATES if everything else [state for state in STATES if state not in SETTLED]
        letters = survey.select(chosen, states)
    if as_json:
        for letter in letters:
            write_json(json.dumps(letter_fields(letter), ensure_ascii=False))
    elif letters:
        print_table(letter_table(letters))
    if not letters:
        settled = len(survey.select(chosen)) if not everything else 0
        more = f"; {counted(settled, 'document')} failed before, and nothing is left to do (--all)" if settled else ""
        which = f"nothing waits among the dead letters of {place.name}"
        if others := not_chosen(survey, chosen):
            which = f"nothing that you chose waits among the dead letters of {place.name}, but {others:,} others do"
        notes.print(f"{which}{more}")


def show(
    ctx: typer.Context,
    document: Annotated[str, typer.Argument(metavar="ID", help="A document's id, or its position.")],
    value: Annotated[bool, typer.Option("--value", help="Show the first lines of the document, too.")] = False,
    parquet: ParquetPath = None,
    format: Format = None,
    field: Field = None,
    id_from: IdFrom = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    max_attempts: MaxAttempts = None,
    as_json: Json = False,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Show why a document failed, and its headers. Its text is shown with --value only.

    Examples:

        gistream dead-letters show minutes-17

        gistream dead-letters show documents-0-4711 --value
    """
    from streaming.operations.redrive.survey import Selection
    from streaming.pipeline.registered import readable_value
    from streaming.registry.access import registry_access
    from streaming.terminal.dead_letter_tables import letter_block, letter_json

    settings = load(command_flags(ctx))
    with surveyed(settings, parquet) as (place, survey):
        letters = {letter.place: letter for letter in survey.select(Selection(ids=(document,)))}
        records = list(place.read(letters)) if letters else []
    if not records:
        raise UsageError(f"{place.name} has no dead letter of '{document}'; `gistream dead-letters list --all`.")
    for where, record in records:
        if as_json:
            write_json(letter_json(letters[where], record, value=value))
        else:
            shown = readable_value(record.value, registry_access(settings)) if value else record.value
            out.print(letter_block(letters[where], record.model_copy(update={"value": shown}), value=value))


def stats(
    ctx: typer.Context,
    types: Types = None,
    stages: Stages = None,
    since: Since = None,
    parquet: ParquetPath = None,
    format: Format = None,
    field: Field = None,
    id_from: IdFrom = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    max_attempts: MaxAttempts = None,
    as_json: Json = False,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Count the documents that failed, by reason and by what became of them.

    Example:

        gistream dead-letters stats --since -7d
    """
    from streaming.terminal.dead_letter_tables import reason_table, reasons

    chosen = selection(types, stages, None, since)
    with surveyed(load(command_flags(ctx)), parquet) as (place, survey):
        letters = survey.select(chosen)
    if as_json:
        counts = [
            {"reason": reason, "state": state, "count": len(group)}
            for (reason, state), group in reasons(letters, by_state=True)
        ]
        sys.stdout.write(json.dumps({"documents": len(letters), "counts": counts}) + "\n")
    elif letters:
        print_table(reason_table(letters, by_state=True))
    elif survey.letters:
        notes.print(f"{place.name} has no dead letter that you chose, but {len(survey.letters):,} others")
    else:
        notes.print(f"{place.name} has no dead letter")


def selection(types: list[str] | None, stages: list[str] | None, ids: list[str] | None, since: str | None) -> Selection:
    """Return the selection that flags make; raises `UsageError`."""
    from consumers.tail import parse_start
    from streaming.operations.redrive.survey import Selection

    if unknown := [stage for stage in stages or [] if stage not in _STAGES]:
        raise UsageError(f"--stage takes {', '.join(_STAGES[:-1])} or {_STAGES[-1]}; '{unknown[0]}' is none of them.")
    start = "earliest" if since is None else parse_start(since, "--since")
    if start == "latest":
        raise UsageError("--since latest leaves nothing; name a time, such as -1h.")
    moment = None if start == "earliest" else int(start)
    return Selection(tuple(types or ()), tuple(stages or ()), tuple(ids or ()), moment)


def not_chosen(survey: Survey, selection: Selection) -> int:
    """Return how many documents wait that a selection leaves out; a misspelt type chooses none."""
    from streaming.operations.redrive.survey import Selection

    return len(survey.select(Selection(), ["waiting"])) - len(survey.select(selection, ["waiting"]))


@contextmanager
def surveyed(settings: Settings, parquet: str | None) -> Iterator[tuple[LetterPlace, Survey]]:
    """Read the dead letters of a place and what became of them; a progress bar lasts as long as the context."""
    from streaming.archive import ArchiveLocation
    from streaming.operations.redrive.places import LetterArchive, LetterTopic
    from streaming.operations.redrive.survey import survey

    place: LetterPlace = LetterTopic(settings)
    if parquet is not None:
        place = LetterArchive(ArchiveLocation(parquet))
    with ProgressBar(notes) as bar:
        bar.begin("records")
        yield place, survey(settings, place, bar.advance)
