"""The metrics of a run: their numbers, their names, and that nothing of a document is among them."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from filled_run import batch, engine, filled_recorder, filled_registry, tally
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streaming.engine.process.caller import Caller
from streaming.errors import DocumentError, EngineError
from streaming.monitoring import registry as registry_module
from streaming.monitoring.registry import RunMetrics, new_registry, own_engines
from streaming.monitoring.run_state import RunRecorder
from streaming.pipeline.reasons import OTHER, REASONS, reason_number
from streaming.spark.counting import Tally

STREAMING = Path(__file__).parents[3] / "streaming"


def samples(text: str) -> dict[str, float]:
    """Return the value of each sample, by its name and its labels as Prometheus writes them."""
    return {
        sample.name + str(sorted(sample.labels.values()) if sample.labels else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped() -> str:
    return generate_latest(filled_registry()).decode()


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        ("gistream_documents_total['ok']", 5),
        ("gistream_documents_total['repaired']", 3),
        ("gistream_documents_total['extractive_fallback']", 2),
        ("gistream_dead_letters_total['NoText', 'decode']", 2),
        ("gistream_dead_letters_total['ResultTooLarge', 'publish']", 1),
        ("gistream_dead_letters_total['EngineCrashed', 'summarize']", 0),
        ("gistream_deletions_total", 1),
        ("gistream_reused_documents_total", 2),
        ("gistream_tokens_total['prompt']", 3000),
        ("gistream_document_seconds_bucket['500.0']", 0),
        ("gistream_document_seconds_bucket['1000.0']", 8),
        ("gistream_document_seconds_count", 8),
        ("gistream_document_seconds_sum", 64.5),
        ("gistream_info['1', 'SmolLM2', 'abc', 'gistream']", 1),
        ("gistream_query_state['healthy']", 1),
        ("gistream_query_state['stuck']", 0),
        ("gistream_query_activity['working']", 1),
        ("gistream_running_batch_records['done']", 3),
        ("gistream_running_batch_records['pending']", 5),
        ("gistream_restarts_total", 1),
        ("gistream_batch_duration_seconds_sum", 12.5),
        ("gistream_last_batch_number", 0),
        ("gistream_lag_offsets['0', 'documents']", 40),
        ("gistream_engine_busy_slots['0']", 6),
        ("gistream_engine_loads_total['0']", 2),
        ("gistream_engine_tokens_total['0', 'completion']", 90),
    ],
)
def test_a_scrape_has_the_numbers_of_the_run(sample: str, value: float) -> None:
    assert samples(scraped())[sample] == value


def test_counts_grow_from_batch_to_batch() -> None:
    recorder = filled_recorder()
    recorder.on_batch(batch(1))
    after = samples(generate_latest(filled_registry(recorder)).decode())
    assert after["gistream_documents_total['ok']"] == 10
    assert after["gistream_document_seconds_count"] == 16
    assert (after["gistream_batch_duration_seconds_count"], after["gistream_last_batch_number"]) == (2, 1)


def test_a_tally_and_nothing_is_the_tally() -> None:
    assert tally() + Tally() == tally()


def test_prometheus_takes_the_metrics() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not here; Debian has it in the package prometheus")
    for text in (scraped(), generate_latest(new_registry(RunMetrics(RunRecorder(), list))).decode()):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_nothing_is_in_the_registry_of_the_process() -> None:
    filled_registry()
    assert "gistream" not in generate_latest(REGISTRY).decode()


def test_what_cannot_be_read_is_left_out_and_the_rest_is_there() -> None:
    def fail() -> list[object]:
        raise EngineError("somebody else's folder")

    metrics = RunMetrics(filled_recorder(), fail)  # type: ignore[arg-type]
    metrics.read_lag = lambda: (_ for _ in ()).throw(FileNotFoundError)
    names = samples(generate_latest(new_registry(metrics)).decode())
    assert "gistream_documents_total['ok']" in names
    assert not [name for name in names if name.startswith(("gistream_lag", "gistream_engine"))]


def test_only_engines_of_this_run_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    other = engine(caller=Caller("run", "other", "/data", os.getpid() + 1, "host"))
    reports = [engine(executor=9), other, engine(executor=5), engine(caller=None)]
    monkeypatch.setattr(registry_module, "engine_reports", lambda patience: reports)
    assert [report.executor for report in own_engines()] == [5, 9]


def test_every_type_of_a_dead_letter_has_a_number_of_its_own() -> None:
    types: set[str] = set()
    for file in STREAMING.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("BadInput", "DocumentFailed"):
                types |= {
                    keyword.value.value
                    for keyword in node.keywords
                    if keyword.arg == "type" and isinstance(keyword.value, ast.Constant)
                }
    assert len(types) >= 15
    waiting = list(DocumentError.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        # These two are raised with a type.
        types |= {kind.__name__} - {"BadInput", "DocumentFailed"}
    assert types == {kind for _, kind in REASONS} - {OTHER}


def test_a_type_that_is_not_known_makes_no_series_of_its_own() -> None:
    assert REASONS[reason_number("summarize", "A text of a stranger")] == ("summarize", OTHER)
    assert REASONS[reason_number("decode", "NoText")] == ("decode", "NoText")


def test_no_text_of_a_document_is_in_a_scrape() -> None:
    recorder = filled_recorder()
    recorder.on_batch(replace(batch(), reason="NoText: SECRET", end_offsets="SECRET"))
    assert "SECRET" not in generate_latest(filled_registry(recorder)).decode()
