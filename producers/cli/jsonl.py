"""`gistream produce jsonl`: a file of JSON objects, one a line."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from producers.cli.publishing import DryRun, Limit, Rate, Resume, publish_documents
from producers.cli.referencing import Reference, ReferenceOver, by_reference
from streaming.errors import UsageError
from streaming.settings import load
from streaming.settings.flags import DataDir, InputTopic, Json, Kafka, Servers, command_flags, flag

# The endings of files that may have JSON Lines; each line of another format would be refused by its number.
_OF_LINES = {".jsonl", ".ndjson", ".json", ".txt", ".text"}


def jsonl(
    ctx: typer.Context,
    file: Annotated[
        str,
        typer.Argument(help="A file of JSON Lines, also of gzip or zstd; '-' is standard input.", show_default=False),
    ],
    field: Annotated[list[str] | None, flag("field")] = None,
    reference: Reference = None,
    reference_over: ReferenceOver = None,
    limit: Limit = None,
    rate: Rate = None,
    resume: Resume = None,
    dry_run: DryRun = False,
    input_topic: InputTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send the JSON objects of a file, one a line: {"id": ..., "text": ..., "title": ..., "metadata": {...}}.

    Examples:

        gistream produce jsonl documents.jsonl

        my-export | gistream produce jsonl - --field text=doc.body --field id=doc.number

        gistream produce jsonl documents.jsonl --rate 50 --resume documents.resume
    """
    from producers.formats.kinds import SUFFIXES, suffix_of
    from producers.jsonl import read_json_lines

    settings = load(command_flags(ctx))
    # Where `run` reads each value as text, an object is one as it stands.
    text_field = None if settings.format == "text" else settings.field.get("text", "text")
    file_fields = settings.field.get("uri", "uri"), settings.field.get("sha256", "sha256")
    read = partial(
        read_json_lines, id_field=settings.field.get("id", "id"), text_field=text_field, file_fields=file_fields
    )

    def send(lines: BinaryIO, name: str) -> None:
        documents = read(lines, name)
        # A dry run writes nothing, also no text below a root.
        if not dry_run:
            documents = by_reference(documents, reference, reference_over, settings, settings.field)
        title_field = settings.field.get("title", "title")
        publish_documents(ctx, settings, documents, text_field=text_field, title_field=title_field)

    if file == "-":
        send(sys.stdin.buffer, "-")
        return
    if Path(file).is_dir():
        raise UsageError(f"{file} is a folder; gistream produce files reads the JSON Lines of folders.")
    if not Path(file).is_file():
        raise UsageError(f"There is no file {file}.")
    if suffix_of(Path(file)) in set(SUFFIXES) - _OF_LINES:
        raise UsageError(f"{file} has no JSON Lines, by its ending; gistream produce files reads it.")
    with Path(file).open("rb") as lines:
        send(lines, file)
