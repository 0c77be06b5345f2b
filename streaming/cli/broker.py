"""`gistream broker`: start, stop and look at the embedded Kafka broker of the data dir."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from streaming.errors import BrokerError
from streaming.settings import Settings, load
from streaming.settings.flags import DataDir, Json, command_flags
from streaming.terminal.consoles import notes, out
from streaming.terminal.progress import ProgressBar

if TYPE_CHECKING:
    from streaming.kafka.broker import EmbeddedBroker, Status


def start(ctx: typer.Context, data_dir: DataDir = None) -> None:
    """Start the broker and wait until it answers; it runs on when this command ends.

    Example:

        gistream broker start --data-dir /srv/gistream
    """
    broker = _broker(load(command_flags(ctx)))
    with ProgressBar(notes) as bar:
        bar.begin("starting Kafka")
        state = broker.start()
    _print_state(state)


def stop(ctx: typer.Context, data_dir: DataDir = None) -> None:
    """Stop the broker and wait until it has ended; its data stays."""
    broker = _broker(load(command_flags(ctx)))
    with ProgressBar(notes) as bar:
        bar.begin("stopping Kafka")
        stopped = broker.stop()
    out.print("the broker has stopped" if stopped else "the broker was not running")


def status(ctx: typer.Context, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Tell whether the broker runs, and where; ends with 0 when it does, else with 4.

    Example:

        gistream broker status --json | jq -r .bootstrap_servers
    """
    state = _broker(load(command_flags(ctx))).status()
    if as_json:
        sys.stdout.write(json.dumps(asdict(state)) + "\n")
    else:
        _print_state(state)
    if not state.running:
        raise typer.Exit(BrokerError.exit_code)


def _print_state(state: Status) -> None:
    if state.running:
        out.print(f"the broker runs on {state.bootstrap_servers} (process {state.pid}, log {state.log})")
    else:
        out.print("the broker is not running; start it with `gistream broker start`")


def _broker(settings: Settings) -> EmbeddedBroker:
    # Imported here, because it loads the Kafka client.
    from streaming.kafka.broker import EmbeddedBroker

    return EmbeddedBroker(settings)
