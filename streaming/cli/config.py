"""`gistream config`: the settings, and where each value came from."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer
from rich.table import Table

from streaming.settings import load_with_origins, printable
from streaming.settings.flags import DataDir, Json, command_flags
from streaming.terminal.consoles import print_table


def show(ctx: typer.Context, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Show every setting, its value, and where the value came from; secrets are masked.

    Examples:

        gistream config show

        GISTREAM_SLOTS=8 gistream config show --json | jq .slots
    """
    settings, origins = load_with_origins(command_flags(ctx))
    values = printable(settings)
    if as_json:
        sys.stdout.write(json.dumps({n: {"value": v, "from": origins[n]} for n, v in values.items()}) + "\n")
        return
    table = Table("setting", "value", "from", box=None)
    for name, value in values.items():
        table.add_row(name, _plain(value), origins[name])
    print_table(table)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={inner}" for name, inner in value.items())
    return "" if value is None else str(value)
