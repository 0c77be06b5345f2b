"""Rounds: every case once, each in a process of its own, in an order that rotates."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from benchmarks.busy import busy_process
from benchmarks.child import Child
from benchmarks.contract import Document, Knobs, Opening
from benchmarks.figures import Case, Figure, rotated
from benchmarks.measurements import Measurement, Measurements
from streaming.engine import ModelFile


@dataclass(frozen=True)
class Bench:
    """The conditions that all measurements share: models by representation, limits, a scratch folder, the journal.

    `on_part` is called for each prompt or document that is done.
    """

    models: Mapping[str, ModelFile]
    max_tokens: int
    context: int
    cores: int
    scratch: Path
    program: Path | None
    on_part: Callable[[], None]
    measurements: Measurements

    def opening(self, system: str, representation: str, knobs: Knobs) -> Opening:
        """Return how a system is opened, in a new folder."""
        folder = next(path for number in count() if not (path := self.scratch / f"{system}-{number}").exists())
        folder.mkdir(parents=True)
        return Opening(
            model=self.models[representation].path,
            max_tokens=self.max_tokens,
            context=self.context,
            folder=folder,
            knobs=knobs,
            program=self.program if system == "llama_server" else None,
        )

    def measure(self, case: Case, knobs: Knobs, documents: Sequence[Document]) -> Measurement:
        """Open a system, run it once and close it; returns the run and the peak of its resident memory in bytes.

        Measurements of an interrupted benchmark are taken instead of new ones.
        """
        return self.measurements.get(case, knobs, len(documents), lambda: self._measure(case, knobs, documents))

    def _measure(self, case: Case, knobs: Knobs, documents: Sequence[Document]) -> Measurement:
        opening = self.opening(case.system, case.representation, knobs)
        with Child(case.system, opening.folder, self.on_part) as child:
            child.open(opening)
            with busy_process() if case.busy else nullcontext():
                run = child.run(documents)
            peak = child.peak_bytes
        # Kafka's logs are large; after an error they stay.
        shutil.rmtree(opening.folder)
        return run, peak


def run_rounds(
    cases: Sequence[Case],
    repeats: int,
    measure: Callable[[int, Case], Measurement],
    knobs: Callable[[Case], Knobs],
) -> list[Figure]:
    """Measure every case `repeats` times, one after the other in an order that rotates.

    `measure` takes the number of the round and a case, and returns the run and the peak of the memory in bytes.
    """
    figures = {case: Figure(case, knobs(case), (), 0) for case in cases}
    for number in range(repeats):
        for case in rotated(cases, number, rounds=repeats):
            run, peak = measure(number, case)
            before = figures[case]
            figures[case] = replace(before, runs=(*before.runs, run), peak_bytes=max(before.peak_bytes, peak))
    return list(figures.values())
