"""`gistream forget`: removes what gistream has of documents."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from streaming.errors import NotForgotten, UnknownDocument, UsageError
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
from streaming.terminal.consoles import notes, out
from streaming.terminal.progress import ProgressBar
from streaming.text_files import read_text
from streaming.wording import counted

# Ids in a sentence.
_MOST_NAMED = 10


def forget(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(help="The ids of the documents.", show_default=False)] = None,
    ids_from: Annotated[Path | None, typer.Option(help="A file of ids, one in a line.", show_default=False)] = None,
    parquet: Annotated[
        list[str] | None,
        typer.Option(
            help="An archive. Those of the settings and of the data dir's queries are known; may be repeated.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what there is and where, and remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    format: Annotated[str | None, flag("format")] = None,
    field: Annotated[list[str] | None, flag("field")] = None,
    id_from: Annotated[str | None, flag("id_from")] = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    store: Annotated[str | None, flag("store")] = None,
    query: Annotated[str | None, flag("query")] = None,
    checkpoint: Annotated[str | None, flag("checkpoint")] = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Remove all results of documents: from the store and from archives at once, on the topics by a tombstone.

    Says what it found where, and asks. The record on the input topic is its owner's: it is named. Kafka deletes the
    bytes on topics later: it is said when. Ends with 12 when nothing was found of an id, and with 13 when something
    could not be removed or is still coming; each is named.

    Examples:

        gistream forget mill.txt --dry-run

        gistream forget 4711 4712 --yes --parquet /srv/gistream/archive

        gistream forget --ids-from ids.txt --yes --json
    """
    from streaming.operations.forget.forget import forget as forget_documents
    from streaming.operations.forget.forget import remaining_of, unknown
    from streaming.operations.forget.places import look
    from streaming.operations.forget.report import report_json, report_lines

    settings = load(command_flags(ctx))
    names = [*(ids or []), *(read_text(ids_from).split("\n") if ids_from is not None else [])]
    names = list(dict.fromkeys(name for name in names if name.strip()))
    if not names:
        raise UsageError("Name the documents by their ids, or a file of ids with --ids-from.")
    if not (yes or dry_run or sys.stdin.isatty()):
        raise UsageError("Nobody can be asked without a terminal; say --yes, or --dry-run to look only.")
    with ProgressBar(notes) as bar:
        places = look(settings, names, parquet or [], bar)
    if not as_json:
        for line in report_lines(places):
            out.print(line)
    missing = unknown(places)
    remaining = remaining_of(places)
    if not dry_run and len(missing) < len(names):
        question = f"Forget {counted(len(names) - len(missing), 'document')}?"
        if not (yes or typer.confirm(question, err=True)):
            notes.print("nothing was removed")
            return
        with ProgressBar(notes) as bar:
            remaining = forget_documents(settings, places, bar)
        if not (as_json or remaining):
            out.print(f"forgotten: {counted(len(names) - len(missing), 'document')}")
    if as_json:
        sys.stdout.write(json.dumps(report_json(places, remaining, dry_run=dry_run)) + "\n")
    for item in remaining:
        notes.print(f"{item.id}: {item.sentence}" if item.id is not None else item.sentence, style="yellow")
    if remaining and not dry_run:
        raise NotForgotten("Something of these documents remains or is still coming; the reasons are above.")
    if missing:
        named = ", ".join(document.id for document in missing[:_MOST_NAMED])
        raise UnknownDocument(f"Nothing was found of {counted(len(missing), 'id')}: {named}.")
