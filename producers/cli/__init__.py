"""`gistream produce`, and `python -m producers`: documents into Kafka from the command line; one file a command."""

from __future__ import annotations

import typer

from producers.cli.files import files
from producers.cli.gutenberg import gutenberg
from producers.cli.jsonl import jsonl
from producers.cli.load import load
from producers.cli.watch import watch

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Send documents to the input topic.")
for _command in (files, jsonl, gutenberg, load, watch):
    app.command()(_command)
