"""The search for settings: the values that are tried of a system, and on how many documents."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.contract import Document, Knobs, Run
from benchmarks.figures import Case
from benchmarks.measurements import open_measurements
from benchmarks.rounds import Bench
from benchmarks.search import search, settings_of
from streaming.terminal.journal import Journal
from streaming.terminal.progress import ProgressBar

DOCUMENTS = [Document(str(number), "", ("",), ((1,),)) for number in range(12)]


class CountingBench(Bench):
    """Runs nothing: settings of 18 slots and 256 tokens at once are the best of any."""

    def measure(self, case: Case, knobs: Knobs, documents: Sequence[Document]) -> tuple[Run, int]:
        SEEN.append((case, knobs, len(documents)))
        seconds = 1 + (knobs.get("slots") != 18) + (knobs["ubatch"] != 256)
        return Run(len(documents), len(documents) * seconds, 1, 1), 1


SEEN: list[tuple[Case, Knobs, int]] = []


def test_settings_are_searched_once_for_a_system_and_only_what_depends_on_it_again(tmp_path: Path) -> None:
    SEEN.clear()
    cached, lanes, other = (
        Case("cached", "cached", "Q4_1"),
        Case("lanes", "lanes", "BF16"),
        Case("lanes", "lanes", "Q4_1"),
    )
    busy = Case("lanes_busy_searched", "lanes", "BF16", busy=True, searched=True)
    with open_measurements(Journal(tmp_path)) as measurements:
        bench = CountingBench({}, 8, 256, 2, tmp_path, None, lambda: None, measurements)
        trials = search(
            bench, [cached, other, lanes, busy], DOCUMENTS, ProgressBar(Console(file=io.StringIO())), compared="BF16"
        )
    tried = {case: [(knobs, documents) for one, knobs, documents in SEEN if one == case] for case, _, _ in SEEN}
    assert {documents for _, documents in tried[cached]} == {4}
    # All documents fill the slots that are tried; where their number is fixed, half of them tell the rest apart.
    assert {int(knobs["slots"]) for knobs, _ in tried[lanes]} == {9, 18, 36}
    assert {documents for _, documents in tried[lanes]} == {12}
    for fixed, varied in ((other, "ubatch"), (busy, "threads")):
        assert {int(knobs["slots"]) for knobs, _ in tried[fixed]} == {18}
        assert len({knobs[varied] for knobs, _ in tried[fixed]}) == 2
        assert {documents for _, documents in tried[fixed]} == {6}
    # The pipeline's engine has the lanes' settings.
    assert (
        settings_of(Case("pipeline", "pipeline", "BF16", pipeline_documents=True), trials)
        == trials["lanes", "BF16"][-1].knobs
    )


def test_whose_settings_a_case_has_is_searched_without_being_measured_itself(tmp_path: Path) -> None:
    SEEN.clear()
    beside = Case("lanes_pipeline_documents", "lanes", "BF16", pipeline_documents=True)
    pipeline = Case("pipeline", "pipeline", "BF16", pipeline_documents=True)
    with open_measurements(Journal(tmp_path)) as measurements:
        bench = CountingBench({}, 8, 256, 2, tmp_path, None, lambda: None, measurements)
        trials = search(bench, [beside, pipeline], DOCUMENTS, ProgressBar(Console(file=io.StringIO())), compared="BF16")
    assert {(case.system, case.pipeline_documents) for case, _, _ in SEEN} == {("lanes", False)}
    assert settings_of(pipeline, trials) == settings_of(beside, trials) == trials["lanes", "BF16"][-1].knobs
