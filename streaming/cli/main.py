"""The `gistream` command: registers every command.

A command is a function in the file of its name. It reads its flags, calls what does the work, and prints.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Annotated, Any

import typer

from benchmarks.cli import bench
from evaluation.cli import evaluation
from producers.cli import app as produce
from streaming import __version__
from streaming.cli import broker, config, dead_letters, model, prompts, replay, store, topics
from streaming.cli.compact import compact
from streaming.cli.dashboard import dashboard
from streaming.cli.demo import demo
from streaming.cli.diff import diff
from streaming.cli.doctor import doctor
from streaming.cli.engine import engine
from streaming.cli.forget import forget
from streaming.cli.recommend import recommend
from streaming.cli.redrive import redrive
from streaming.cli.run import run
from streaming.cli.skip import skip
from streaming.cli.status import status
from streaming.cli.summarize import summarize
from streaming.cli.tail import tail
from streaming.cli.top import top
from streaming.cli.tune import tune
from streaming.cli.verify import verify
from streaming.errors import run_command
from streaming.settings import Settings
from streaming.terminal.consoles import out

_HELP = """Summarize documents as they arrive: Kafka in, Spark and llama.cpp, Kafka out; on your own machines.

Start with `gistream demo`. On your own topic: `gistream broker start`, `gistream produce files PATHS`,
`gistream run --once`, `gistream tail --until-end`.
"""
app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help=_HELP, pretty_exceptions_enable=False)


def main() -> int:
    """Run the command line and return the exit code of the process; the entry point of the installed command."""
    return run_command(app)


def _open_token_counter(settings: Settings) -> AbstractContextManager[Callable[[str], int]]:
    # Imported here, because most commands need no model.
    from streaming.operations.token_counter import open_token_counter

    return open_token_counter(settings)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    # Typer prints the help of the app itself; only options that need no command are left.
    if version:
        out.print(__version__)
        raise typer.Exit


def _add_group(
    name: str,
    summary: str,
    commands: Mapping[str, Callable[..., Any]],
    alone: Callable[..., Any] | None = None,
) -> None:
    """Add a group of commands; `alone` runs when none of them is named."""
    group = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode="markdown",
        help=summary,
        callback=alone,
        invoke_without_command=alone is not None,
    )
    for command_name, command in commands.items():
        group.command(command_name)(command)
    app.add_typer(group, name=name)


for _command in (
    *(demo, run, status, tail, top, dashboard, summarize),
    *(verify, redrive, skip, diff, compact, forget, doctor, tune, engine, bench),
):
    app.command()(_command)
app.command("eval")(evaluation)
# The producers know no model; a dry run of theirs counts with this.
app.add_typer(produce, name="produce", context_settings={"obj": _open_token_counter})
_add_group(
    "broker",
    "The embedded Kafka broker of the data dir.",
    {"start": broker.start, "stop": broker.stop, "status": broker.status},
)
_add_group(
    "topics",
    "The topics of this installation.",
    {"create": topics.create, "describe": topics.describe, "peek": topics.peek},
)
_add_group(
    "dead-letters",
    "The dead letters: documents that could not be summarized.",
    {"list": dead_letters.list_letters, "show": dead_letters.show, "stats": dead_letters.stats},
)
_add_group(
    "model",
    "The models: those on this machine, those of a hub, and the memory that one needs.",
    {"list": model.list_models, "pull": model.pull, "show": model.show, "recommend": recommend},
)
_add_group(
    "prompts",
    "The prompt profiles: the instructions for the model, by name.",
    {"list": prompts.list_profiles, "show": prompts.show, "check": prompts.check, "new": prompts.new},
)
_add_group(
    "store",
    "The store: what was generated before.",
    {"stats": store.stats, "verify": store.verify, "gc": store.gc},
)
_add_group(
    "replay",
    inspect.getdoc(replay.replay) or "",
    {"list": replay.list_replays, "resume": replay.resume, "cancel": replay.cancel},
    alone=replay.replay,
)
_add_group("config", "The settings.", {"show": config.show})
