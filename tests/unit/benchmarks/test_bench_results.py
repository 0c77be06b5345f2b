from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from test_bench_figures import MEASURED

from benchmarks.chart import check_drawing, draw
from benchmarks.contract import Delay, Resident
from benchmarks.figures import ratios
from benchmarks.grid import Trial
from benchmarks.report import show
from benchmarks.results import BenchResults, Footprint, Machine, Workload, as_json
from streaming.engine.model.memory import Memory
from streaming.errors import UsageError

TAKEN = Footprint(
    "BF16", {"slots": 8, "lanes": 2, "ubatch": 512}, 1024,
    Memory(270_000_000, 190_000_000, 65_000_000, 525_000_000, "about"), Resident(520_000_000, 521_000_000),
)  # fmt: skip
RESULTS = BenchResults(
    machine=Machine("A processor", 2, 24_000_000_000),
    versions={"llama_cpp": "0.3.36", "gistream": "0.1.0"},
    model="small",
    sha256="ab" * 32,
    shipped="Q4_1",
    compared="BF16",
    workload=Workload("book.txt", 10, 128, 500, 7000, 96, 1024),
    repeats=3,
    figures=MEASURED,
    ratios=ratios(MEASURED, shipped="Q4_1", compared="BF16"),
    delays=[Delay(4.4, 4.0), Delay(4.6, 4.1), Delay(9.0, 4.2)],
    footprints=[TAKEN],
    trials={("lanes", "BF16"): [Trial({"slots": 4}, 0.5), Trial({"slots": 8}, 0.6)]},
    notes=["A note."],
)


def test_the_json_has_every_figure_that_a_reader_looks_for() -> None:
    said = json.loads(json.dumps(as_json(RESULTS)))
    assert {"machine", "llama_cpp", "gistream", "model", "workload", "repeats"} <= set(said)
    assert {"systems", "ratios", "latency", "memory", "settings"} <= set(said)
    assert said["model"] == {"name": "small", "sha256": "ab" * 32, "representation": "Q4_1"}
    lanes = next(s for s in said["systems"] if s["name"] == "lanes" and s["representation"] == "BF16")
    assert lanes["documents_per_second"] == 0.6
    assert lanes["peak_rss_mb"] == 500
    assert {"tokens_in_per_second", "tokens_out_per_second", "spread", "rounds"} <= set(lanes)
    assert said["ratios"]["lanes_vs_recipe"] == 3.0
    assert said["latency"]["added_seconds"] == 0.5
    assert said["settings"][0]["chosen"] == {"slots": 8}
    assert said["memory"][0]["ratio"] == 0.99


def test_what_was_not_measured_is_no_zero() -> None:
    some = [one for one in MEASURED if one.case.system != "pipeline"]
    said = as_json(replace(RESULTS, figures=some, delays=[], ratios=ratios(some, shipped="Q4_1", compared="BF16")))
    assert "pipeline_vs_lanes" not in said["ratios"]
    assert "pipeline" in said["not_measured"]["pipeline_vs_lanes"]
    assert said["latency"] is None


def test_memory_that_grows_from_round_to_round_is_not_flat() -> None:
    assert TAKEN.flat
    assert not replace(TAKEN, measured=Resident(520_000_000, 560_000_000)).flat


def test_the_report_says_all_that_may_be_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    show(as_json(RESULTS), Console(width=120, highlight=False))
    said = capsys.readouterr().out
    for part in ("A processor, 2 cores, 24 GB", "0.100 to 0.400", "x 1.60", "x 2.40", "against the recipe on the file",
                 "+0.50 s", "Q4_1 as shipped", "slots 8", "A note."):  # fmt: skip
        assert part in said


def test_the_chart_is_a_png(tmp_path: Path) -> None:
    draw(RESULTS, tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_a_chart_without_matplotlib_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"pip install 'gistream\[bench\]'"):
        check_drawing()
