"""The representation in which `gistream bench` compares systems by default, and the systems that a user selects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tunings import tuning_of

from benchmarks.scope import SYSTEMS, Scope, only_systems, tuned_representation
from streaming.engine import Setup, open_model
from streaming.engine.tuning.tuning_file import Chosen, save_tuning
from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.settings import load


def test_systems_are_compared_in_what_this_cpu_was_tuned_to(tmp_path: Path) -> None:
    settings, original = load({"data_dir": tmp_path}), open_model("sample")
    assert tuned_representation(settings) == "BF16"
    setup = Setup(4, 1, 1)
    for chosen, compared in (("F16", "F16"), ("given", original.representation)):
        tuning = replace(tuning_of(original, setup, cores=usable_cores()), chosen=Chosen(chosen, setup, 1.5))
        save_tuning(tmp_path, original, tuning)
        assert tuned_representation(settings) == compared


def test_systems_that_were_named_are_all_that_is_measured() -> None:
    whole = Scope()
    assert set(whole.systems) == set(SYSTEMS)
    assert whole.footprints
    some = only_systems(whole, "lanes, cached")
    assert set(some.systems) == {"lanes", "cached"}
    assert (some.pipeline_documents, some.footprints) == (0, ())
    assert only_systems(whole, "pipeline").pipeline_documents == whole.pipeline_documents
    for names in ("lanes,vllm", "", "lanes,"):
        with pytest.raises(UsageError, match="no system that is measured; there are: recipe, cached"):
            only_systems(whole, names)
    with pytest.raises(UsageError, match="--pipeline-documents 0"):
        only_systems(replace(whole, pipeline_documents=0), "pipeline")
