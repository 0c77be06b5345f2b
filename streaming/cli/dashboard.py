"""`gistream dashboard`: what happens on the topics, as a web page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from consumers.dashboard import PORT
from streaming.settings import DASHBOARD_VARIABLE, load
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
from streaming.terminal.consoles import notes, out


def dashboard(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0: any free one.")] = PORT,
    host: Annotated[
        str, typer.Option(help="The address to listen on. Any but this machine's own needs a token.")
    ] = "127.0.0.1",
    token_file: Annotated[
        Path | None,
        typer.Option(help=f"A file with the token that readers sign in with. Default: {DASHBOARD_VARIABLE}, if set."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A host name that readers reach it by, beside --host; may be repeated.")
    ] = None,
    archive: Annotated[
        str | None, typer.Option(help="An archive (path or URL): summaries that are no longer on the topic.")
    ] = None,
    shadow_topic: Annotated[
        list[str] | None, typer.Option(help="Another topic of summaries, to compare with; may be repeated.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = False,
    query: Annotated[str | None, flag("query")] = None,
    format: Annotated[str | None, flag("format")] = None,
    field: Annotated[list[str] | None, flag("field")] = None,
    id_from: Annotated[str | None, flag("id_from")] = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    max_attempts: Annotated[int | None, flag("max_attempts")] = None,
    bootstrap_servers: Servers = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Show what happens on the topics as a web page, live, until Ctrl-C.

    It reads the topics as any consumer does, and has no database. It listens on this machine alone, unless --host says
    otherwise. Name the topics and --format, --field and --id-from as for `gistream run`: with them it reads the
    documents that it shows beside their summaries.

    Examples:

        gistream dashboard

        gistream dashboard --archive archive --shadow-topic summaries-new

        gistream dashboard --host 0.0.0.0 --allow-host summaries.example.org --token-file token
    """
    import os
    import webbrowser

    from streaming.ctrl_c import end_as_ctrl_c_does
    from streaming.operations.dashboard import Options, open_dashboard, read_token

    settings = load(command_flags(ctx))
    options = Options(
        host=host,
        port=port,
        token=read_token(token_file, os.environ.get(DASHBOARD_VARIABLE)),
        names=tuple(allow_host or ()),
        archive=archive,
        shadow_topics=tuple(shadow_topic or ()),
    )
    end_as_ctrl_c_does()
    try:
        with open_dashboard(settings, options) as opened:
            out.print(f"The dashboard is open at {opened.url} until Ctrl-C.")
            sys.stdout.flush()
            if open_browser and not webbrowser.open(opened.url):
                notes.print("no browser was found; open the address yourself")
            opened.failed.wait()
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
