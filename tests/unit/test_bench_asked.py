"""What `gistream bench` compares systems in, when nobody says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tunings import tuning_of

from benchmarks.asked import compared_here
from streaming.engine import Setup, open_model, usable_cores
from streaming.engine.tuning.kept import Chosen, keep_tuning
from streaming.settings import load


def test_systems_are_compared_in_what_this_cpu_was_tuned_to(tmp_path: Path) -> None:
    settings, given = load({"data_dir": tmp_path}), open_model("sample")
    assert compared_here(settings) == "BF16"
    setup = Setup(4, 1, 1)
    for chosen, compared in (("F16", "F16"), ("given", given.representation)):
        tuning = replace(tuning_of(given, setup, cores=usable_cores()), chosen=Chosen(chosen, setup, 1.5))
        keep_tuning(tmp_path, given, tuning)
        assert compared_here(settings) == compared
