"""`gistream engine`: the engine processes of this machine, and what they are doing."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from streaming.engine.process.report import EngineReport, engine_reports
from streaming.settings import load
from streaming.settings.flags import DataDir, Json, command_flags
from streaming.terminal.consoles import out
from streaming.wording import counted, megabytes


def engine(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Show the engines of all your data dirs.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show the engine processes of this data dir on this machine: for whom, slots, queue, speed, memory, crashes.

    The data dir of a demo lies in yours, so its engine is shown, too.

    Examples:

        gistream engine

        gistream engine --all

        watch -n 2 gistream engine

        gistream engine --json | jq .completion_rate
    """
    settings = load(command_flags(ctx))
    reports = engine_reports()
    shown = [report for report in reports if every or _belongs_to(report, settings.data_dir)]
    for report in shown:
        if as_json:
            sys.stdout.write(json.dumps(asdict(report)) + "\n")
        else:
            out.print(_block(report))
    if as_json:
        return
    if hidden := len(reports) - len(shown):
        out.print(f"{counted(hidden, 'engine')} of other data dirs: `gistream engine --all`")
    elif not shown:
        out.print("no engine runs here; `gistream run` starts one")


def _belongs_to(report: EngineReport, data_dir: Path) -> bool:
    return report.caller is not None and Path(report.caller.data_dir).resolve().is_relative_to(data_dir.resolve())


def _whose(report: EngineReport) -> str:
    """Return for whom an engine works."""
    caller = report.caller
    if caller is None:
        return "unknown: a program with another version of gistream, or one of its own"
    work = f"query {caller.query}" if caller.query is not None else caller.command
    host = "" if caller.host == platform.node() else f" on {caller.host}"
    return f"{work}, process {caller.pid}{host}, data dir {caller.data_dir}"


def _block(report: EngineReport) -> Text:
    state = "ready"
    if report.loading is not None:
        state = f"loading the model: {report.loading:.0%}"
    elif report.suspects:
        state = f"after a crash: {counted(report.suspects, 'request')} to try, one at a time"
    workers = counted(report.workers, "worker")
    crashes = f", after {counted(report.deaths, 'crash', 'crashes')}" if report.deaths else ""
    lines = {
        "for": _whose(report),
        "engine": f"{report.model}, {state}",
        "processes": f"{report.server} and {report.child or 'none'}, for executor {report.executor}, {workers}",
        "slots": f"{report.slots - report.busy} of {report.slots} open, {counted(report.waiting, 'request')} waiting",
        "tokens": f"{report.prompt_rate:,.0f} a second of prompts, {report.completion_rate:,.0f} of summaries; "
        f"{report.prompt_tokens:,} and {report.completion_tokens:,} since it was loaded",
        "memory": f"{megabytes(report.memory)} of {megabytes(report.memory_limit)}",
        "loads": f"{report.loads}{crashes}",
    }
    return Text("\n").join(Text.assemble((f"{name:<12}", "bold"), value) for name, value in lines.items())
