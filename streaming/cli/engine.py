"""`gistream engine`: the engine processes of this machine, and what they are doing."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from rich.text import Text

from streaming.engine.process.report import EngineReport, engine_reports
from streaming.settings.flags import Json
from streaming.terminal.consoles import out


def engine(as_json: Json = False) -> None:
    """Show the engine processes of your queries on this machine: slots, queue, tokens a second, memory, crashes.

    Examples:
        gistream engine

        watch -n 2 gistream engine

        gistream engine --json | jq .completion_rate
    """
    reports = engine_reports()
    for report in reports:
        if as_json:
            sys.stdout.write(json.dumps(asdict(report)) + "\n")
        else:
            out.print(_block(report))
    if not reports and not as_json:
        out.print("no engine runs here; `gistream run` starts one")


def _block(report: EngineReport) -> Text:
    state = "ready"
    if report.loading is not None:
        state = f"loading the model: {report.loading:.0%}"
    elif report.suspects:
        state = f"after a crash: {report.suspects} requests are tried one at a time"
    workers = f"{report.workers} worker{'s'[: report.workers != 1]}"
    lines = {
        "engine": f"{report.model}, {state}",
        "processes": f"{report.server} and {report.child or 'none'}, for executor {report.executor}, {workers}",
        "slots": f"{report.slots - report.busy} of {report.slots} open, {report.waiting} requests wait",
        "tokens": f"{report.prompt_rate:,.0f} a second of prompts, {report.completion_rate:,.0f} of summaries; "
        f"{report.prompt_tokens:,} and {report.completion_tokens:,} since it was loaded",
        "memory": f"{report.memory / 1e6:,.0f} MB of {report.memory_limit / 1e6:,.0f}",
        "loads": f"{report.loads}, after {report.deaths} crashes" if report.deaths else str(report.loads),
    }
    return Text("\n").join(Text.assemble((f"{name:<12}", "bold"), value) for name, value in lines.items())
