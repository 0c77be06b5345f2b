"""`gistream top` shows the engines of its query alone, not those of other programs of this machine."""

from __future__ import annotations

from pathlib import Path

from streaming.cli.top import _is_of_query
from streaming.engine.process.caller import Caller
from streaming.engine.process.report import EngineReport
from streaming.settings import Settings


def engine(server: int, caller: Caller | None) -> EngineReport:
    return EngineReport(
        model="SmolLM2", server=server, child=2, executor=3, loading=None, workers=1, requests=0, suspects=0, slots=16,
        busy=0, waiting=0, stalled=0.0, prompt_tokens=0, completion_tokens=0, prompt_rate=0.0, completion_rate=0.0,
        memory=0, memory_limit=0, loads=1, deaths=0, caller=caller,
    )  # fmt: skip


def test_engines_of_other_queries_data_dirs_and_commands_are_left_out(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, query="books")
    callers = [
        Caller("run", "books", str(settings.data_dir), 1, "here"),
        Caller("run", "mails", str(settings.data_dir), 1, "here"),
        Caller("run", "books", str(tmp_path / "demo"), 1, "here"),
        Caller("replay", None, str(settings.data_dir), 1, "here"),
        # An engine of an older version does not say whose it is.
        None,
    ]
    reports = [engine(number, caller) for number, caller in enumerate(callers)]
    assert [report.server for report in reports if _is_of_query(report, settings)] == [0, 4]
