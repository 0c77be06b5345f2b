"""`gistream top`: what an installation does now, as a live screen or as lines."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.ctrl_c import end_as_ctrl_c_does
from streaming.errors import no_answer
from streaming.settings import Settings, load
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Kafka,
    OutputTopic,
    Servers,
    command_flags,
    flag,
)
from streaming.terminal.consoles import out

if TYPE_CHECKING:
    from consumers.live.view import LiveView
    from streaming.engine.process.report import EngineReport

# Seconds between two screens: a row is there within a second.
_SCREEN_SECONDS = 0.5
_ENGINE_SECONDS = 2.0
# A line that is printed once waits this long for the numbers of the last hour.
_ONCE_SECONDS = 20.0


def top(
    ctx: typer.Context,
    every: Annotated[
        float, typer.Option(min=1, help="Seconds between two lines, where the output is no terminal.")
    ] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Print one line, then end.")] = False,
    bootstrap_servers: Servers = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    query: Annotated[str | None, flag("query")] = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Show what a query does: its health, its pace, what waits, and the newest summaries; q or Ctrl-C ends it.

    Where the output is no terminal it prints a line every --every seconds. It reads the topics as any consumer, so it
    runs on every machine that reaches Kafka; the engines it shows are those of the query on this machine.

    Examples:

        gistream top

        gistream top --once

        gistream top --every 60 >> top.log
    """
    from consumers.live.view import LiveView
    from streaming.access import check_access
    from streaming.terminal.top_view import top_line

    # Kafka's client tells of each try to connect; the view itself says that Kafka is away.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    end_as_ctrl_c_does()
    settings = load(command_flags(ctx))
    check_access(settings)
    try:
        with LiveView(settings) as view:
            if once:
                _wait_loaded(view, time.monotonic() + _ONCE_SECONDS)
                if not view.overview().connected:
                    raise no_answer(settings.servers)
                out.print(top_line(view.overview()))
            elif out.is_terminal:
                _show_screens(view, settings)
            else:
                _wait_loaded(view, time.monotonic() + every)
                while True:
                    out.print(top_line(view.overview()))
                    out.file.flush()
                    time.sleep(every)
    except KeyboardInterrupt:
        # It is the way to end it.
        return


def _wait_loaded(view: LiveView, deadline: float) -> None:
    """Wait until the last hour has been read, or Kafka does not answer."""
    seen, overview = 0, view.overview()
    while overview.loading is not None and overview.away_since is None and (left := deadline - time.monotonic()) > 0:
        seen, overview = view.wait_changed(seen, left), view.overview()


def _show_screens(view: LiveView, settings: Settings) -> None:
    """Show screens until q is pressed."""
    from rich.live import Live

    from consumers.live.filters import Filters
    from streaming.terminal.keys import pressed_key
    from streaming.terminal.top_view import TopScreen

    with (
        _engines(settings) as engines,
        pressed_key() as key,
        Live(console=out, screen=True, auto_refresh=False) as live,
    ):
        while True:
            rows = view.feed.page(Filters(), limit=out.height).rows
            live.update(TopScreen(view.overview(), rows, view.letters.page(limit=1).rows, engines), refresh=True)
            if key(_SCREEN_SECONDS) in ("q", "Q"):
                return


def _is_of_query(report: EngineReport, settings: Settings) -> bool:
    """Tell whether an engine works for the query; one whose program is unknown may."""
    caller = report.caller
    return caller is None or (caller.query, caller.data_dir) == (settings.query, str(settings.data_dir))


@contextmanager
def _engines(settings: Settings) -> Iterator[list[EngineReport]]:
    """Yield the reports of the query's engines, which a thread keeps up to date: an engine may answer late."""
    from streaming.engine.process.report import engine_reports

    reports: list[EngineReport] = []
    stopped = threading.Event()

    def ask() -> None:
        while not stopped.is_set():
            reports[:] = [report for report in engine_reports() if _is_of_query(report, settings)]
            stopped.wait(_ENGINE_SECONDS)

    thread = threading.Thread(target=ask, name="top-engines")
    thread.start()
    try:
        yield reports
    finally:
        stopped.set()
        thread.join()
