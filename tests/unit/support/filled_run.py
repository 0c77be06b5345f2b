"""A run that has something of everything to tell, for tests of what monitoring makes of it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

from prometheus_client import CollectorRegistry

from streaming.engine.process.caller import Caller
from streaming.engine.process.report import EngineReport
from streaming.errors import BrokerAway
from streaming.messages import Heartbeat
from streaming.monitoring.registry import RunMetrics, new_registry
from streaming.monitoring.run_state import RunRecorder, RunState
from streaming.pipeline.reasons import REASONS, reason_number
from streaming.spark.counting import SECONDS_BOUNDS, Tally
from streaming.spark.supervision import Restart
from streaming.spark.watch import Batch


def beat(**changes: Any) -> Heartbeat:
    """Return a heartbeat of now."""
    now = time.time()
    first = Heartbeat(
        checkpoint="c", doing="working", sent_at=now, started_at=now, progress_at=now, stuck_after=300, done=3, total=8
    )
    return first.model_copy(update=changes)


def tally(**changes: Any) -> Tally:
    """Return the counts of ten summaries, of which two came from the store, three dead letters and a deletion."""
    failures = [0] * len(REASONS)
    failures[reason_number("decode", "NoText")] = 2
    failures[reason_number("publish", "ResultTooLarge")] = 1
    within = (0,) * (len(SECONDS_BOUNDS) - 1) + (8, 8)
    return replace(Tally((5, 3, 2), tuple(failures), 1, 2, 3000, 400, seconds=64.5, seconds_within=within), **changes)


def batch(number: int = 0, **changes: Any) -> Batch:
    """Return a micro-batch with these counts."""
    return Batch(number, 14, 3, "NoText: no text", 1, 0, 2, 12.5, "{}", tally(**changes))


def engine(**changes: Any) -> EngineReport:
    """Return the report of an engine that works for this process."""
    caller = Caller("run", "gistream", "/data", os.getpid(), "host")
    report = EngineReport(
        model="SmolLM2", server=2, child=3, executor=4, loading=None, workers=1, requests=5, suspects=0, slots=8,
        busy=6, waiting=1, stalled=0.0, prompt_tokens=700, completion_tokens=90, prompt_rate=1.0, completion_rate=1.0,
        memory=300_000_000, memory_limit=900_000_000, loads=2, deaths=1, caller=caller,
    )  # fmt: skip
    return replace(report, **changes)


def filled_recorder() -> RunRecorder:
    """Return the record of a run with one micro-batch and one restart."""
    recorder = RunRecorder()
    recorder._state = RunState(info={"version": "1", "query": "gistream", "model": "SmolLM2", "recipe": "abc"})
    recorder.on_batch(batch())
    recorder.on_restart(Restart(1, BrokerAway("away"), 1.0))
    recorder.on_beat(beat())
    return recorder


def filled_registry(recorder: RunRecorder | None = None) -> CollectorRegistry:
    """Return a registry in which every metric has a value."""
    metrics = RunMetrics(recorder or filled_recorder(), lambda: [engine()])
    metrics.read_lag = lambda: {("documents", 0): 40, ("documents", 1): 2}
    return new_registry(metrics)
