"""Runs a query and tells about it: lines for people or JSON lines for a log, and metrics on a port.

It ends when the query ends or is stopped; the port and the log end with it.
"""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from typing import Any, Protocol

from streaming.errors import GistreamError, sentence_of
from streaming.kafka.topics import Admin
from streaming.messages import STATUSES
from streaming.monitoring.json_log import JsonLog, Level
from streaming.monitoring.lag import QueryLag
from streaming.monitoring.registry import RunMetrics, new_registry
from streaming.monitoring.run_state import RunRecorder
from streaming.monitoring.server import MetricsServer
from streaming.settings import Settings
from streaming.spark.acceptance import accept_losses
from streaming.spark.look import Look
from streaming.spark.prepare import Plan, prepare
from streaming.spark.run import run as run_query
from streaming.spark.supervision import Restart
from streaming.spark.watch import Batch, StopRequest
from streaming.terminal.consoles import notes
from streaming.terminal.progress import ProgressBar
from streaming.terminal.run_lines import BatchLines, LoadingLines, plan_block, plan_lines
from streaming.terminal.run_status import RunStatus
from streaming.terminal.text_log import TextLog


class RunLog(Protocol):
    """Where the lines of a run go: an event's name, its sentence, its numbers."""

    def say(self, event: str, message: str, /, *, level: Level = "info", **fields: Any) -> None:
        """Write one line."""


def run(settings: Settings, *, once: bool, accept_loss: bool) -> None:
    """Run the query of `settings` until it is stopped, or `once` over what is there now.

    Raises the service's errors; where the log is JSON, `SystemExit` with the error's exit code, because the log has it.
    """
    # Kafka's client tells of each try to connect; the run itself says that Kafka is away.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    if not as_json:
        _Run(settings, TextLog(notes), as_json=False).run(once=once, accept_loss=accept_loss)
        return
    with JsonLog() as log:
        try:
            _Run(settings, log, as_json=True).run(once=once, accept_loss=accept_loss)
        except GistreamError as error:
            kind, code = type(error).__name__, error.exit_code
            log.say("failed", sentence_of(error), level="error", error=kind, exit_code=code)
            raise SystemExit(code) from error


class _Run:
    """One run: what is told of it, and to whom."""

    def __init__(self, settings: Settings, log: RunLog, *, as_json: bool) -> None:
        self._settings, self._log, self._as_json = settings, log, as_json
        self._stop, self._recorder = StopRequest(), RunRecorder()
        self._lines, self._loads = BatchLines(), LoadingLines()

    def run(self, *, once: bool, accept_loss: bool) -> None:
        with ExitStack() as stack:
            metrics = self._serve_metrics(stack)
            plan = self._prepare()
            self._recorder.on_plan(plan)
            if metrics is not None:
                metrics.read_lag = stack.enter_context(QueryLag(plan)).read
            self._introduce(plan, accept_loss=accept_loss)
            self._run_to_the_end(plan, once=once)

    def _serve_metrics(self, stack: ExitStack) -> RunMetrics | None:
        """Listen before anything else: a port that is taken is no matter of minutes."""
        if self._settings.metrics_port is None:
            return None
        metrics = RunMetrics(self._recorder)
        host, port = self._settings.metrics_host, self._settings.metrics_port
        server = stack.enter_context(MetricsServer(host, port, new_registry(metrics), self._recorder))
        self._log.say("metrics", f"metrics on {server.url}", url=server.url)
        return metrics

    def _prepare(self) -> Plan:
        if self._as_json:
            return prepare(self._settings)
        with ProgressBar(notes) as bar:
            bar.begin("reading the model")
            return prepare(self._settings)

    def _introduce(self, plan: Plan, *, accept_loss: bool) -> None:
        if self._as_json:
            lines = plan_lines(plan)
            self._log.say("plan", "; ".join(f"{name}: {value}" for name, value in lines.items()), plan=lines)
        else:
            notes.print(plan_block(plan))
        if plan.choice.advice is not None:
            self._log.say("advice", plan.choice.advice)
        given_up = accept_losses(plan) if accept_loss else []
        if accept_loss and not given_up:
            self._log.say("no_loss", "nothing is lost, so there is nothing to give up")
        for line in given_up:
            self._log.say("loss", line)
        # Other outputs than those of the last start are then no oversight.
        for warning in () if given_up else plan.warnings:
            self._log.say("warning", warning, level="warning")
        self._log.say(
            "starting", "starting Spark; a line follows for each micro-batch; Ctrl-C stops when the running one is done"
        )

    def _run_to_the_end(self, plan: Plan, *, once: bool) -> None:
        try:
            with RunStatus(notes, self._on_line if self._as_json else None) as status:
                run_query(
                    plan,
                    once=once,
                    stop=self._stop,
                    on_batch=self._on_batch,
                    on_progress=self._on_progress,
                    on_wait=lambda line: self._log.say("waiting_for_executors", line),
                    on_look=status.show,
                    on_restart=self._on_restart,
                    on_beat=self._recorder.on_beat,
                )
            uncommitted = 0
            if once and not self._stop.requested:
                with Admin(self._settings) as admin:
                    uncommitted = admin.uncommitted(plan.inputs)
        except GistreamError:
            if self._lines.batches or self._lines.restarts:
                self._say_total(stopped=True)
            raise
        self._say_total(stopped=self._stop.requested, uncommitted=uncommitted)

    def _on_batch(self, batch: Batch) -> None:
        self._recorder.on_batch(batch)
        self._log.say("batch", self._lines.line(batch), **_numbers(batch))

    def _on_progress(self, share: float) -> None:
        if line := self._loads.line(share):
            self._log.say("loaded" if share >= 1 else "loading", line, share=round(share, 3))

    def _on_restart(self, restart: Restart) -> None:
        self._recorder.on_restart(restart)
        line = self._lines.restart_line(restart)
        kind, seconds = type(restart.error).__name__, round(restart.seconds, 3)
        self._log.say("restart", line, level="warning", number=restart.number, error=kind, seconds=seconds)

    def _on_line(self, look: Look, line: str) -> None:
        event = "stopping" if look.stopping else look.doing.lower().replace(" ", "_")
        self._log.say(event, line, seconds=round(look.seconds, 1), done=look.done, total=look.total)

    def _say_total(self, *, stopped: bool, uncommitted: int = 0) -> None:
        state = self._recorder.state
        self._log.say(
            "done",
            self._lines.total(stopped=stopped, uncommitted=uncommitted),
            stopped=stopped,
            batches=state.batches,
            summaries=sum(state.tally.statuses),
            dead_letters=sum(state.tally.failures),
            deletions=state.tally.deletions,
            restarts=state.restarts,
            seconds=round(state.batch_seconds, 3),
        )


def _numbers(batch: Batch) -> dict[str, Any]:
    """Return the numbers of a micro-batch, by the names that its line in a log has."""
    tally = batch.tally
    return {
        "number": batch.number,
        "records": batch.records,
        "seconds": round(batch.seconds, 3),
        **dict(zip(STATUSES, tally.statuses, strict=True)),
        "dead_letters": batch.dead_letters,
        "reason": batch.reason,
        "deletions": batch.deletions,
        "undeletable": batch.undeletable,
        "reused": batch.reused,
        "prompt_tokens": tally.prompt_tokens,
        "completion_tokens": tally.completion_tokens,
    }
