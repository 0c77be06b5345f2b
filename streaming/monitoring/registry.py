"""The registry of a run: everything that /metrics answers is computed when somebody asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from streaming.engine.process.report import EngineReport, engine_reports
from streaming.errors import GistreamError
from streaming.monitoring.families import engine_families, query_families, result_families
from streaming.monitoring.lag import Lag
from streaming.monitoring.run_state import RunRecorder

# Prometheus waits for 10 s, and a hung engine is noticed by its own watchdog.
_ANSWER_SECONDS = 2.0


class RunMetrics(Collector):
    """The metrics of one run; `read_lag` is set once the topics are known."""

    def __init__(self, recorder: RunRecorder, read_engines: Callable[[], list[EngineReport]] | None = None) -> None:
        """`read_engines` returns the engines' reports; by default those of the engines that work for this process."""
        self._recorder, self._read_engines = recorder, read_engines or own_engines
        self.read_lag: Callable[[], Lag] = dict

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; what cannot be read now is left out."""
        state, lag, engines = self._recorder.state, Lag(), list[EngineReport]()
        # A file of the checkpoint may go away meanwhile, or be half written.
        with suppress(GistreamError, OSError, ValueError):
            lag = self.read_lag()
        with suppress(GistreamError, OSError):
            engines = self._read_engines()
        yield from result_families(state)
        yield from query_families(state, lag)
        yield from engine_families(engines)


def own_engines() -> list[EngineReport]:
    """Return the reports of the engines on this machine that work for this process."""
    reports = engine_reports(patience=_ANSWER_SECONDS)
    own = [report for report in reports if report.caller is not None and report.caller.pid == os.getpid()]
    return sorted(own, key=lambda report: report.executor)


def new_registry(metrics: RunMetrics) -> CollectorRegistry:
    """Return a registry with the metrics of a run, and with Prometheus's usual ones of this process."""
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    return registry
