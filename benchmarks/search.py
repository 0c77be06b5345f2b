"""The best settings of each case, before the rounds: a small grid for each system, measured on the documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.contract import Document, Knobs, settings_text
from benchmarks.figures import Case
from benchmarks.grid import Grid, Trial, busy_grid, descend, grid_of, other_grid, start_of
from benchmarks.rounds import Bench
from streaming.terminal.progress import ProgressBar

# A system that computes one document after the other shows its speed on this many.
_FEW = 4
# Cases with the settings of another one: the same library or the same engine, in the same representation.
_SAME = {
    "recipe": "cached",
    **dict.fromkeys(("lanes_busy", "lanes_pipeline_documents", "pipeline"), "lanes"),
    "llama_server_busy": "llama_server",
}

# The settings that were tried of a case, by its name and its representation; the best are the last.
Trials = dict[tuple[str, str], Sequence[Trial]]


def search(
    bench: Bench, cases: Sequence[Case], documents: Sequence[Document], progress: ProgressBar, *, compared: str
) -> Trials:
    """Return the settings that were tried of each case, first of the cases in the representation `compared`.

    Raises the errors of the systems.
    """
    trials: Trials = {}
    for case in sorted(_owners(cases), key=lambda case: case.representation != compared):
        grid = _grid(bench, case, trials)
        trials[case.name, case.representation] = descend(grid, _speed(bench, case, _enough(grid, documents), progress))
    return trials


def defaults(bench: Bench, cases: Sequence[Case]) -> Trials:
    """Return the settings from which a search would start, as if they had been tried."""
    trials: Trials = {}
    for case in _owners(cases):
        trials[case.name, case.representation] = [Trial(start_of(_grid(bench, case, trials)), 0.0)]
    return trials


def settings_of(case: Case, trials: Mapping[tuple[str, str], Sequence[Trial]]) -> Knobs:
    """Return the best settings of a case."""
    owner = _owner(case)
    return trials[owner.name, owner.representation][-1].knobs


def _enough(grid: Grid, documents: Sequence[Document]) -> Sequence[Document]:
    """Return the documents for trials: all to compare numbers of slots, half of them for a fixed number."""
    if "slots" not in grid:
        return documents[:_FEW]
    return documents if len(grid["slots"]) > 1 else documents[: -(-len(documents) // 2)]


def _owners(cases: Sequence[Case]) -> list[Case]:
    """Return the cases whose settings `cases` use, each once."""
    return list(dict.fromkeys(_owner(case) for case in cases))


def _owner(case: Case) -> Case:
    """Return the case whose settings `case` uses: itself, or the one that stands for it in `_SAME`."""
    system = _SAME.get(case.name)
    return case if system is None else Case(system, system, case.representation)


def _grid(bench: Bench, case: Case, earlier: Trials) -> Grid:
    if case.searched:
        return busy_grid(earlier[case.system, case.representation][-1].knobs, bench.cores)
    for (name, _), trials in earlier.items():
        if name == case.system != "cached":
            return other_grid(trials[-1].knobs)
    return grid_of(case.system, bench.cores)


def _speed(bench: Bench, case: Case, documents: Sequence[Document], progress: ProgressBar) -> Callable[[Knobs], float]:
    def speed(knobs: Knobs) -> float:
        progress.begin(f"settings of {case.description}", sum(len(document.prompts) for document in documents))
        run, _ = bench.measure(case, knobs, documents)
        rate = run.documents / run.seconds
        progress.note(f"settings of {case.description}: {settings_text(knobs)}: {rate:.3f} documents/s")
        return rate

    return speed
