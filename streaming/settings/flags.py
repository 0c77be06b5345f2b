"""Settings as command-line flags: the help text of each is the setting's own description."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from streaming.settings.fields import Settings
from streaming.settings.sources import pairs

# Settings that are tables: their flags are repeated pairs.
_PAIRS = ("field", "kafka")
# The value of a flag that was not used, once and repeatable.
_ABSENT: tuple[object, ...] = (None, (), [])


def flag(name: str) -> Any:
    """Return the typer option of a setting."""
    description = Settings.model_fields[name].description
    return typer.Option(f"--{name.replace('_', '-')}", help=description, show_default=False)


def command_flags(ctx: typer.Context) -> dict[str, Any]:
    """Return the flags of the running command that are settings, by name, as `load` takes them.

    A parameter that has the name of a setting is its flag; `field` and `kafka` are lists of name=value.

    Raises `UsageError` for one of these without a '='.
    """
    flags = {
        name: value for name, value in ctx.params.items() if name in Settings.model_fields and value not in _ABSENT
    }
    return flags | {name: pairs(flags[name], f"--{name}") for name in _PAIRS if name in flags}


DataDir = Annotated[Path | None, flag("data_dir")]
Servers = Annotated[str | None, flag("bootstrap_servers")]
Kafka = Annotated[list[str] | None, flag("kafka")]
# May be repeated.
InputTopic = Annotated[list[str] | None, flag("input_topic")]
InputPattern = Annotated[str | None, flag("input_pattern")]
OutputTopic = Annotated[str | None, flag("output_topic")]
DeadLetterTopic = Annotated[str | None, flag("dead_letter_topic")]
SchemaRegistry = Annotated[str | None, flag("schema_registry")]
SchemaRegistryCa = Annotated[Path | None, flag("schema_registry_ca")]
PromptsDir = Annotated[Path | None, flag("prompts_dir")]
# A range of the input (`operations.offset_range`).
RangeStart = Annotated[
    str,
    typer.Option(
        "--from",
        help="The start of the range: earliest, a time (2026-01-31T08:00, -1h) or an offset of each partition "
        "(0=10,1=20, with several topics documents:0=10).",
    ),
]
RangeEnd = Annotated[
    str,
    typer.Option("--to", help="The end of the range, which does not belong to it: latest, a time, or offsets."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a machine to read.")]
