"""What a benchmark has measured so far, so that two hours are not lost with one interruption."""

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

Measured = tuple[Run, int]


class Kept:
    """The measurements of a run that was interrupted, and those that this one adds.

    `found` is how many there are already, `interruptions` how often it was.
    """

    def __init__(self, journal: Journal, file: FileIO) -> None:
        self._file = file
        # The same settings are measured more than once, in the search and in the rounds: first come, first taken.
        self._earlier: defaultdict[str, deque[Measured]] = defaultdict(deque)
        lines = journal.lines()
        for line in lines:
            if "run" in line:
                self._earlier[line["asked"]].append((Run(**line["run"]), line["peak"]))
        self.found = sum(map(len, self._earlier.values()))
        self.interruptions = sum("begun" in line for line in lines)
        write(file, {"begun": self.found})

    def measured(self, case: Case, knobs: Knobs, documents: int, measure: Callable[[], Measured]) -> Measured:
        """Return what was measured before the interruption, or `measure`, and keep that."""
        asked = json.dumps([asdict(case), knobs, documents])
        if self._earlier[asked]:
            return self._earlier[asked].popleft()
        run, peak = measure()
        write(self._file, {"asked": asked, "run": asdict(run), "peak": peak})
        return run, peak


@contextmanager
def kept(journal: Journal) -> Iterator[Kept]:
    """Have a journal open while it is measured; it is gone when all of it is. Raises `MachineError`."""
    with journal.open() as file:
        yield Kept(journal, file)
    journal.remove()
