"""`gistream demo`: all of it at work, from nothing to a table of summaries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producers.cli.split import SplitFlag
from streaming.settings import load
from streaming.settings.flags import DataDir, command_flags, flag
from streaming.terminal.consoles import out


def demo(
    ctx: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Your own files or folders; default: samples.")] = None,
    split: SplitFlag = "auto",
    limit: Annotated[int | None, typer.Option(min=1, help="Summarize no more than this many documents.")] = None,
    keep_broker: Annotated[
        bool, typer.Option("--keep", help="Leave the broker and its topics there, to look at.")
    ] = False,
    show_dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Watch it in the browser, and leave that open until Ctrl-C.")
    ] = False,
    model: Annotated[str | None, flag("model")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show all of it at work: a broker, topics, the query, documents in, each summary as it comes out.

    Everything the demo makes lies in the folder `demo` of the data dir and goes away with it, unless you say --keep.

    Examples:

        gistream demo

        gistream demo --dashboard

        gistream demo war-and-peace.txt --split 'CHAPTER .+' --limit 12
    """
    from streaming.operations.demo import show

    settings = load(command_flags(ctx))
    show(settings, paths or [], split=split, limit=limit, keep=keep_broker, dashboard=show_dashboard, out=out)
