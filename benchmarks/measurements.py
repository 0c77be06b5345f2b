"""The measurements of a benchmark in a journal, so that an interruption does not lose two hours."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import FileIO

from benchmarks.contract import Knobs, Run
from benchmarks.figures import Case
from streaming.terminal.journal import Journal, write

# A run, and the peak of the resident memory in bytes.
Measurement = tuple[Run, int]


class Measurements:
    """The measurements of this benchmark, which resumes an interrupted one of the same journal.

    `resumed` is the number of earlier measurements, `interruptions` how often the benchmark was interrupted.
    """

    def __init__(self, journal: Journal, file: FileIO) -> None:
        self._file = file
        # The search and the rounds measure the same settings several times; each gets the earlier ones in their order.
        self._earlier: defaultdict[str, deque[Measurement]] = defaultdict(deque)
        lines = journal.lines()
        for line in lines:
            if "run" in line:
                self._earlier[line["measured"]].append((Run(**line["run"]), line["peak"]))
        self.resumed = sum(map(len, self._earlier.values()))
        self.interruptions = sum("begun" in line for line in lines)
        write(file, {"begun": self.resumed})

    def get(self, case: Case, knobs: Knobs, documents: int, measure: Callable[[], Measurement]) -> Measurement:
        """Return an earlier measurement, each of them once; when there is none left, `measure` and write it down."""
        key = json.dumps([asdict(case), knobs, documents])
        if self._earlier[key]:
            return self._earlier[key].popleft()
        run, peak = measure()
        write(self._file, {"measured": key, "run": asdict(run), "peak": peak})
        return run, peak


@contextmanager
def open_measurements(journal: Journal) -> Iterator[Measurements]:
    """Have the journal open; it is deleted when the context ends without an error. Raises `MachineError`."""
    with journal.open() as file:
        yield Measurements(journal, file)
    journal.remove()
