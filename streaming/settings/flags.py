"""Settings as command-line flags: the help text of each is the setting's own description."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from streaming.settings.fields import Settings


def flag(name: str) -> Any:
    """Return the typer option of a setting."""
    description = Settings.model_fields[name].description
    return typer.Option(f"--{name.replace('_', '-')}", help=description, show_default=False)


DataDir = Annotated[Path | None, flag("data_dir")]
Servers = Annotated[str | None, flag("bootstrap_servers")]
Kafka = Annotated[list[str] | None, flag("kafka")]
# May be repeated.
InputTopic = Annotated[list[str] | None, flag("input_topic")]
InputPattern = Annotated[str | None, flag("input_pattern")]
OutputTopic = Annotated[str | None, flag("output_topic")]
DeadLetterTopic = Annotated[str | None, flag("dead_letter_topic")]
PromptsDir = Annotated[Path | None, flag("prompts_dir")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a machine to read.")]
