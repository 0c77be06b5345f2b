"""The best settings of a system out of a small grid: one knob after the other, not every combination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from benchmarks.contract import Knobs

# A setting is measured again, in turn with the others, while it is this close to the best: a machine's speed changes by
# a tenth from one minute to the next, so one measurement of each chooses by chance.
_CLOSE = 0.85
_TURNS = 2

# For each knob the values to try; the first is where it starts.
Grid = Mapping[str, Sequence[int | bool]]


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and the documents a second that they made: the mean of their measurements."""

    knobs: Knobs
    documents_per_second: float


def start_of(grid: Grid) -> Knobs:
    """Return the settings from which a grid is searched."""
    return _fitting({name: values[0] for name, values in grid.items()})


def descend(grid: Grid, measure: Callable[[Knobs], float]) -> list[Trial]:
    """Try the values of each knob in turn, with the best of the others so far; returns all trials, the best one last.

    The sum of the values instead of their product: 6 instead of 8 settings for three knobs of two values.
    """
    knobs, tried = start_of(grid), list[Trial]()
    for name, values in grid.items():
        if len(values) > 1:
            trials = _in_turn([_fitting({**knobs, name: value}) for value in values], measure)
            tried += trials
            knobs = trials[-1].knobs
    return tried or [Trial(knobs, measure(knobs))]


def _in_turn(settings: Sequence[Knobs], measure: Callable[[Knobs], float]) -> list[Trial]:
    """Measure settings one after the other, the close ones again; returns them by their speed, the fastest last."""
    rates = [[measure(knobs)] for knobs in settings]
    for _ in range(_TURNS - 1):
        best = max(mean(found) for found in rates)
        close = [place for place, found in enumerate(rates) if mean(found) >= _CLOSE * best]
        if len(close) > 1:
            for place in close:
                rates[place].append(measure(settings[place]))
    trials = [Trial(knobs, mean(found)) for knobs, found in zip(settings, rates, strict=True)]
    return sorted(trials, key=lambda one: one.documents_per_second)


def _fitting(knobs: Knobs) -> Knobs:
    """Return settings in which every lane has a slot."""
    return {**knobs, "lanes": min(knobs["lanes"], knobs["slots"])} if "lanes" in knobs else knobs


def grid_of(system: str, cores: int) -> Grid:
    """Return what is tried of a system on a machine with `cores` cores that has nothing else to do.

    One model of many threads may compute faster with some of them: they wait for each other.
    """
    if system in ("recipe", "cached"):
        return {"threads": _halves(cores), "flash_attention": (True, False), "ubatch": (512, 256)}
    # Both may have as much memory. 32 documents fill all of these in whole waves, with an eighth to spare for those
    # that are read in two prompts. With 4 slots each made 0.8 to 0.9 of its best on 2 cores.
    slots = (18, 36, 9)
    if system == "llama_server":
        threads = _halves(cores)[: max(1, len(_halves(cores)) - 1)]
        return {"slots": slots, "threads": threads, "flash_attention": (True, False), "ubatch": (512, 256)}
    return {"slots": slots, "lanes": _different(cores, 1), "threads": (cores,), "ubatch": (512, 256)}


def other_grid(knobs: Knobs) -> Grid:
    """Return what is tried of a system in a second representation: its best `knobs` in the first, and tokens at once.

    Those depend on how weights are multiplied: with 256 at once lanes made 1.11 of what they made with 512 in BF16, and
    0.85 in Q4_1.
    """
    return {name: (value,) for name, value in knobs.items()} | {"ubatch": (512, 256)}


def busy_grid(knobs: Knobs, cores: int) -> Grid:
    """Return what is tried beside a busy process: a system's best `knobs`, and leaving a core to that process.

    Measured on 2 cores: llama-server with two threads made 0.65 of what it made with one.
    """
    return {name: (value,) for name, value in knobs.items()} | {"threads": _different(cores, max(1, cores - 1))}


def _halves(cores: int) -> tuple[int, ...]:
    """Return all cores, half of them, and so on down to one."""
    return _different(*(max(1, cores >> halved) for halved in range(cores.bit_length())))


def _different(*values: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(values))
