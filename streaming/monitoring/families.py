"""The metrics of a run, in Prometheus's own words: base units, `_total` for what only grows, few labels.

No label ever has a value that stands in a document: an id, a title, a key or a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import get_args

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.utils import floatToGoString

from streaming.engine.process.report import EngineReport
from streaming.messages import STATUSES, QueryActivity, QueryState
from streaming.monitoring.lag import Lag
from streaming.monitoring.run_state import RunState
from streaming.pipeline.reasons import REASONS
from streaming.spark.counting import SECONDS_BOUNDS

# One sample: the values of its labels, and its own.
_Samples = Iterable[tuple[Sequence[str], float]]


def result_families(state: RunState) -> Iterator[Metric]:
    """Yield what was counted in the results of this run."""
    tally = state.tally
    yield _counter(
        "gistream_documents", "Summaries, by their status, those from the store included.",
        ["status"], (([status], number) for status, number in zip(STATUSES, tally.statuses, strict=True)),
    )  # fmt: skip
    yield _counter(
        "gistream_dead_letters", "Documents that could not be summarized, by the reason of their dead letter.",
        ["stage", "type"], zip(REASONS, tally.failures, strict=True),
    )  # fmt: skip
    yield _counter(
        "gistream_deletions", "Summaries that a record without a value deleted.", [], [([], tally.deletions)]
    )
    yield _counter("gistream_reused_documents", "Summaries that came from the store.", [], [([], tally.reused)])
    yield _counter(
        "gistream_tokens", "Tokens that the model read (prompt) and wrote (completion) for summaries.",
        ["kind"], [(["prompt"], tally.prompt_tokens), (["completion"], tally.completion_tokens)],
    )  # fmt: skip
    bounds = [*map(floatToGoString, SECONDS_BOUNDS), "+Inf"]
    yield HistogramMetricFamily(
        "gistream_document_seconds", "Seconds that a summary took; those from the store are left out.",
        buckets=list(zip(bounds, map(float, tally.seconds_within), strict=True)), sum_value=tally.seconds,
    )  # fmt: skip


def query_families(state: RunState, lag: Lag) -> Iterator[Metric]:
    """Yield how the query does, and how far it is."""
    if state.info:
        yield InfoMetricFamily("gistream", "What runs here.", value=state.info)
    yield _gauge(
        "gistream_query_state", "1 for the state that the query is in.",
        ["state"], (([name], name == state.health.state) for name in get_args(QueryState)),
    )  # fmt: skip
    beat, batch = state.beat, state.last_batch
    if beat is not None:
        yield _gauge(
            "gistream_query_activity", "1 for what the query is doing.",
            ["activity"], (([name], name == beat.doing) for name in get_args(QueryActivity)),
        )  # fmt: skip
        yield _gauge(
            "gistream_last_progress_timestamp_seconds",
            "When the query last got on, or had nothing to do, in seconds since 1970.", [], [([], beat.progress_at)],
        )  # fmt: skip
        yield _gauge(
            "gistream_running_batch_records", "Records of the running micro-batch, by whether they have a result.",
            ["result"], [(["done"], beat.done), (["pending"], max(0, beat.total - beat.done))],
        )  # fmt: skip
    yield _counter("gistream_restarts", "Starts of the query after a failure.", [], [([], state.restarts)])
    yield SummaryMetricFamily(
        "gistream_batch_duration_seconds", "Duration of committed micro-batches.",
        count_value=state.batches, sum_value=state.batch_seconds,
    )  # fmt: skip
    if batch is not None:
        yield _gauge(
            "gistream_last_batch_number", "Number of the last committed micro-batch.", [], [([], batch.number)]
        )
        yield _gauge(
            "gistream_last_batch_duration_seconds", "Duration of the last committed micro-batch.",
            [], [([], batch.seconds)],
        )  # fmt: skip
        yield _gauge(
            "gistream_last_batch_records", "Records of the last committed micro-batch.", [], [([], batch.records)]
        )
    yield _gauge(
        "gistream_lag_offsets", "Offsets of an input partition that are not committed yet.",
        ["topic", "partition"], (([topic, str(partition)], behind) for (topic, partition), behind in lag.items()),
    )  # fmt: skip


def engine_families(reports: Sequence[EngineReport]) -> Iterator[Metric]:
    """Yield the state of the engine processes on this machine, which have the names 0, 1, ..."""
    gauges: list[tuple[str, str, Callable[[EngineReport], float]]] = [
        ("slots", "Documents that an engine can work on at once.", lambda r: r.slots),
        ("busy_slots", "Slots that work on a document.", lambda r: r.busy),
        ("waiting_requests", "Requests that wait for a slot.", lambda r: r.waiting),
        ("memory_bytes", "Memory of the process that has the model.", lambda r: r.memory),
        ("memory_limit_bytes", "Memory at which that process is replaced.", lambda r: r.memory_limit),
        ("loaded_ratio", "Share of the model that is loaded.", lambda r: 1.0 if r.loading is None else r.loading),
    ]
    for name, text, value in gauges:
        samples = [([str(n)], value(report)) for n, report in enumerate(reports)]
        yield _gauge(f"gistream_engine_{name}", text, ["engine"], samples)
    yield _counter(
        "gistream_engine_loads", "Times that a model was loaded.",
        ["engine"], (([str(n)], report.loads) for n, report in enumerate(reports)),
    )  # fmt: skip
    yield _counter(
        "gistream_engine_deaths", "Times that the process with the model ended or was ended.",
        ["engine"], (([str(n)], report.deaths) for n, report in enumerate(reports)),
    )  # fmt: skip
    yield _counter(
        "gistream_engine_tokens", "Tokens computed since the model was loaded, those of running documents included.",
        ["engine", "kind"],
        (
            ([str(n), kind], number)
            for n, report in enumerate(reports)
            for kind, number in (("prompt", report.prompt_tokens), ("completion", report.completion_tokens))
        ),
    )  # fmt: skip


def _counter(name: str, text: str, labels: Sequence[str], samples: _Samples) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _gauge(name: str, text: str, labels: Sequence[str], samples: _Samples) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family
