"""`gistream doctor`: check all that a start needs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from streaming.settings import load
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Json,
    Kafka,
    OutputTopic,
    Servers,
    command_flags,
    flag,
)
from streaming.terminal.consoles import notes, out
from streaming.terminal.progress import ProgressBar

_COLOUR = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    ctx: typer.Context,
    model: Annotated[str | None, flag("model")] = None,
    sink: Annotated[list[str] | None, flag("sink")] = None,
    uri_roots: Annotated[list[str] | None, flag("uri_roots")] = None,
    master: Annotated[str | None, flag("master")] = None,
    executors: Annotated[int | None, flag("executors")] = None,
    executor_cores: Annotated[int | None, flag("executor_cores")] = None,
    prompt: Annotated[str | None, flag("prompt")] = None,
    query: Annotated[str | None, flag("query")] = None,
    checkpoint: Annotated[str | None, flag("checkpoint")] = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check everything that a start needs, a line each, with what is wrong and what to do.

    Ends with 0 when there is no problem, else with the exit code that a start would have. Changes nothing; an object
    store is tried with an empty file.

    Examples:

        gistream doctor

        gistream doctor --json | jq '.findings[] | select(.state != "ok")'
    """
    from streaming.operations.doctor import examine

    settings = load(command_flags(ctx))
    findings = []
    with ProgressBar(notes) as bar:
        bar.begin("checking")
        for finding in examine(settings):
            findings.append(finding)
            if not as_json:
                mark = (f"{finding.state:<8}", _COLOUR[finding.state])
                with bar.aside():
                    out.print(Text.assemble(mark, f" {finding.check:<11}", finding.said))
    if as_json:
        sys.stdout.write(json.dumps({"findings": [asdict(finding) for finding in findings]}) + "\n")
    raise typer.Exit(next((finding.exit_code for finding in findings if finding.exit_code), 0))
