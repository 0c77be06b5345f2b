"""Each case's best settings, before the rounds: a small grid for each system, measured on the documents themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.contract import Document, Knobs, settings_text
from benchmarks.figures import Case
from benchmarks.grid import Grid, Trial, busy_grid, descend, grid_of, other_grid, start_of
from benchmarks.rounds import Bench
from streaming.terminal.progress import ProgressBar

# What computes one document after the other shows its speed on a few.
_FEW = 4
# What has the settings of another: the same library, or the same engine, in the representation that is compared.
_SAME = {
    "recipe": "cached",
    **dict.fromkeys(("lanes_busy", "lanes_pipeline_documents", "pipeline"), "lanes"),
    "llama_server_busy": "llama_server",
}

# What was tried of a case, by its name and its representation; the best is the last.
Trials = dict[tuple[str, str], Sequence[Trial]]


def search(
    bench: Bench, cases: Sequence[Case], documents: Sequence[Document], progress: ProgressBar, *, compared: str
) -> Trials:
    """Return what was tried of each case, first of those in the representation `compared`.

    Raises what the systems raise.
    """
    found: Trials = {}
    for case in sorted(_own(cases), key=lambda case: case.representation != compared):
        grid = _grid(bench, case, found)
        found[case.name, case.representation] = descend(grid, _speed(bench, case, _enough(grid, documents), progress))
    return found


def defaults(bench: Bench, cases: Sequence[Case]) -> Trials:
    """Return the settings from which a search would start, as if they had been tried."""
    found: Trials = {}
    for case in _own(cases):
        found[case.name, case.representation] = [Trial(start_of(_grid(bench, case, found)), 0.0)]
    return found


def settings_of(case: Case, trials: Mapping[tuple[str, str], Sequence[Trial]]) -> Knobs:
    """Return the best settings of a case."""
    whose = _whose(case)
    return trials[whose.name, whose.representation][-1].knobs


def _enough(grid: Grid, documents: Sequence[Document]) -> Sequence[Document]:
    """Return what settings are tried on: all documents where numbers of slots are, half of them where that is fixed."""
    if "slots" not in grid:
        return documents[:_FEW]
    return documents if len(grid["slots"]) > 1 else documents[: -(-len(documents) // 2)]


def _own(cases: Sequence[Case]) -> list[Case]:
    """Return whose settings the cases have, each once."""
    return list(dict.fromkeys(_whose(case) for case in cases))


def _whose(case: Case) -> Case:
    """Return the case whose settings another has; its own, where it has some."""
    system = _SAME.get(case.name)
    return case if system is None else Case(system, system, case.representation)


def _grid(bench: Bench, case: Case, found: Trials) -> Grid:
    if case.searched:
        return busy_grid(found[case.system, case.representation][-1].knobs, bench.cores)
    for (name, _), trials in found.items():
        if name == case.system != "cached":
            return other_grid(trials[-1].knobs)
    return grid_of(case.system, bench.cores)


def _speed(bench: Bench, case: Case, documents: Sequence[Document], progress: ProgressBar) -> Callable[[Knobs], float]:
    def speed(knobs: Knobs) -> float:
        progress.begin(f"settings of {case.words}", sum(len(document.prompts) for document in documents))
        run, _ = bench.measure(case, knobs, documents)
        rate = run.documents / run.seconds
        progress.note(f"settings of {case.words}: {settings_text(knobs)}: {rate:.3f} documents/s")
        return rate

    return speed
