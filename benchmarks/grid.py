"""The best settings of a system out of a small grid: one knob after the other, not every combination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contract import Knobs

# For each knob the values to try; the first is where it starts.
Grid = Mapping[str, Sequence[int | bool]]


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and the documents a second that they made."""

    knobs: Knobs
    documents_per_second: float


def start_of(grid: Grid) -> Knobs:
    """Return the settings from which a grid is searched."""
    return {name: values[0] for name, values in grid.items()}


def descend(grid: Grid, measure: Callable[[Knobs], float]) -> list[Trial]:
    """Try each value of each knob with the best of the others so far; returns all trials, the best one last.

    The sum of the values instead of their product: 4 instead of 8 measurements for three knobs of two values.
    """
    best = Trial(start_of(grid), measure(start_of(grid)))
    others: list[Trial] = []
    for name, values in grid.items():
        for value in values[1:]:
            knobs = {**best.knobs, name: value}
            trial = Trial(knobs, measure(knobs))
            worse, best = sorted((best, trial), key=lambda one: one.documents_per_second)
            others.append(worse)
    return [*others, best]


def grid_of(system: str, cores: int) -> Grid:
    """Return what is tried of a system on a machine with `cores` cores that has nothing else to do.

    Threads of what computes many sequences are the cores: fewer leave some idle.
    """
    if system in ("recipe", "cached"):
        return {"threads": _different(cores, 1), "flash_attention": (True, False), "ubatch": (512, 256)}
    if system == "llama_server":
        return {"slots": (8, 4, 16, 32), "threads": (cores,), "flash_attention": (True, False)}
    # As many as llama-server may have, so that both have the same memory and the same micro-batch.
    return {"slots": (16, 4, 8, 32), "lanes": _different(cores, 1), "threads": (cores,), "ubatch": (512, 256)}


def busy_grid(knobs: Knobs, cores: int) -> Grid:
    """Return what is tried beside a busy process: a system's best `knobs`, and leaving a core to that process.

    Measured on 2 cores: llama-server with two threads made 0.65 of what it made with one.
    """
    return {name: (value,) for name, value in knobs.items()} | {"threads": _different(cores, max(1, cores - 1))}


def _different(*values: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(values))
