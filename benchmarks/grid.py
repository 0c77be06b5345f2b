"""The best settings of a system out of a small grid: one knob after the other, not every combination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from benchmarks.contract import Knobs

# Settings this close to the best are measured again, in turn, because a machine's speed changes by a tenth from one
# minute to the next (measurements.md, speed of a machine).
_CLOSE = 0.85
_TURNS = 2

# For each knob the values to try; the search starts at the first.
Grid = Mapping[str, Sequence[int | bool]]


@dataclass(frozen=True)
class Trial:
    """Settings and their documents a second: the mean of their measurements."""

    knobs: Knobs
    documents_per_second: float


def start_of(grid: Grid) -> Knobs:
    """Return the settings from which a grid is searched."""
    return _fitting({name: values[0] for name, values in grid.items()})


def descend(grid: Grid, measure: Callable[[Knobs], float]) -> list[Trial]:
    """Try the values of each knob in turn, with the best of the others so far; returns all trials, the best one last.

    The sum of the values instead of their product: 6 instead of 8 settings for three knobs of two values.
    """
    knobs, all_trials = start_of(grid), list[Trial]()
    for name, values in grid.items():
        if len(values) > 1:
            trials = _in_turn([_fitting({**knobs, name: value}) for value in values], measure)
            all_trials += trials
            knobs = trials[-1].knobs
    return all_trials or [Trial(knobs, measure(knobs))]


def _in_turn(settings: Sequence[Knobs], measure: Callable[[Knobs], float]) -> list[Trial]:
    """Measure settings one after the other, the close ones again; returns them by their speed, the fastest last."""
    rates = [[measure(knobs)] for knobs in settings]
    for _ in range(_TURNS - 1):
        best = max(map(mean, rates))
        close = [place for place, measured in enumerate(rates) if mean(measured) >= _CLOSE * best]
        if len(close) > 1:
            for place in close:
                rates[place].append(measure(settings[place]))
    trials = [Trial(knobs, mean(measured)) for knobs, measured in zip(settings, rates, strict=True)]
    return sorted(trials, key=lambda trial: trial.documents_per_second)


def _fitting(knobs: Knobs) -> Knobs:
    """Return settings in which every lane has a slot."""
    return {**knobs, "lanes": min(knobs["lanes"], knobs["slots"])} if "lanes" in knobs else knobs


def grid_of(system: str, cores: int) -> Grid:
    """Return the values that are tried of a system on an idle machine with `cores` cores.

    Threads wait for each other, so one model may compute faster with fewer threads than cores.
    """
    if system in ("recipe", "cached"):
        return {"threads": _halves(cores), "flash_attention": (True, False), "ubatch": (512, 256)}
    # Both systems may use as much memory. 32 documents fill these slots in whole waves, and one slot in nine is spare
    # for documents that need a second prompt. 4 slots made 0.8 to 0.9 of the best on 2 cores (measurements.md, grid).
    slots = (18, 36, 9)
    if system == "llama_server":
        threads = _halves(cores)[: max(1, len(_halves(cores)) - 1)]
        return {"slots": slots, "threads": threads, "flash_attention": (True, False), "ubatch": (512, 256)}
    return {"slots": slots, "lanes": _different(cores, 1), "threads": (cores,), "ubatch": (512, 256)}


def other_grid(knobs: Knobs) -> Grid:
    """Return the values that are tried in a second representation: the best `knobs` of the first, and `ubatch`.

    The best `ubatch` depends on the representation: lanes with 256 were 1.11 times as fast as with 512 in BF16, and
    0.85 times in Q4_1 (measurements.md, grid).
    """
    return {name: (value,) for name, value in knobs.items()} | {"ubatch": (512, 256)}


def busy_grid(knobs: Knobs, cores: int) -> Grid:
    """Return the values that are tried beside a busy process: the best `knobs` of a system, with a core less.

    On 2 cores, llama-server with two threads was 0.65 times as fast as with one (measurements.md, grid).
    """
    return {name: (value,) for name, value in knobs.items()} | {"threads": _different(cores, max(1, cores - 1))}


def _halves(cores: int) -> tuple[int, ...]:
    """Return all cores, half of them, and so on down to one."""
    return _different(*(max(1, cores >> halved) for halved in range(cores.bit_length())))


def _different(*values: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(values))
