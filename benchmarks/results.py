"""The figures of a benchmark, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import psutil

from benchmarks.contract import Delay, Knobs, Resident
from benchmarks.figures import Figure, Ratios
from benchmarks.grid import Trial
from streaming.engine.model.memory import Memory
from streaming.engine.tuning.tuning_file import this_cpu
from streaming.machine.cores import usable_cores

# Resident memory that does not grow moves by about half a percent from one round of prompts to the next.
_FLAT = 1.02


@dataclass(frozen=True)
class Machine:
    """The machine of the measurement; memory in bytes."""

    cpu: str
    cores: int
    memory: int


def this_machine() -> Machine:
    """Return this machine's processor, cores and memory."""
    return Machine(this_cpu(), usable_cores(), psutil.virtual_memory().total)


@dataclass(frozen=True)
class Workload:
    """The work of a round: `documents` of `words` words (None: of any length), and the tokens of all their prompts."""

    text: str
    documents: int
    pipeline_documents: int
    words: int | None
    tokens_in: int
    max_tokens: int
    context: int


@dataclass(frozen=True)
class Footprint:
    """The memory of an engine with some knobs, in bytes: the prediction, and the growth of a fresh process."""

    representation: str
    knobs: Knobs
    context: int
    predicted: Memory
    measured: Resident

    @property
    def ratio(self) -> float:
        """Measured by predicted."""
        return self.measured.first / self.predicted.total

    @property
    def flat(self) -> bool:
        """Tell whether the last round of prompts left the memory where the first had it."""
        return self.measured.last <= self.measured.first * _FLAT


@dataclass(frozen=True)
class BenchResults:
    """One run of `gistream bench`.

    `shipped` is the representation of the original file, `compared` the one in which systems are compared. `notes` are
    the remarks without which the figures mislead.
    """

    machine: Machine
    versions: Mapping[str, str]
    model: str
    sha256: str
    shipped: str
    compared: str
    workload: Workload
    repeats: int
    figures: Sequence[Figure]
    ratios: Ratios
    delays: Sequence[Delay]
    footprints: Sequence[Footprint]
    trials: Mapping[tuple[str, str], Sequence[Trial]]
    notes: Sequence[str]

    @property
    def delay(self) -> Delay | None:
        """The medians of the delays; None when there are none."""
        if not self.delays:
            return None
        return Delay(median(delay.pipeline for delay in self.delays), median(delay.engine for delay in self.delays))


def as_json(results: BenchResults) -> dict[str, Any]:
    """Return the results as plain values: seconds, tokens, megabytes (10^6 bytes) and documents a second."""
    return {
        "machine": {**asdict(results.machine), "memory": round(results.machine.memory / 1e6)},
        **results.versions,
        "model": {"name": results.model, "sha256": results.sha256, "representation": results.shipped},
        "compared_in": results.compared,
        "workload": asdict(results.workload),
        "repeats": results.repeats,
        "systems": [_system(figure) for figure in results.figures],
        "ratios": {name: round(ratio.median, 3) for name, ratio in results.ratios.by_name.items()},
        "ratios_spread": {
            name: [round(ratio.lowest, 3), round(ratio.highest, 3)] for name, ratio in results.ratios.by_name.items()
        },
        "not_measured": results.ratios.absent,
        "latency": _latency(results),
        "memory": [_footprint(footprint) for footprint in results.footprints],
        "settings": [
            {
                "system": system,
                "representation": representation,
                "chosen": trials[-1].knobs,
                "tried": [
                    {**trial.knobs, "documents_per_second": round(trial.documents_per_second, 4)} for trial in trials
                ],
            }
            for (system, representation), trials in results.trials.items()
        ],
        "notes": list(results.notes),
    }


def _system(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.case.name,
        "representation": figure.case.representation,
        "busy": figure.case.busy,
        "documents_per_second": round(figure.documents_per_second, 4),
        "spread": [round(rate, 4) for rate in figure.spread],
        "tokens_in_per_second": round(figure.tokens_in_per_second, 1),
        "tokens_out_per_second": round(figure.tokens_out_per_second, 1),
        "peak_rss_mb": round(figure.peak_bytes / 1e6),
        "settings": figure.knobs,
        "rounds": [{**asdict(run), "seconds": round(run.seconds, 3)} for run in figure.runs],
    }


def _latency(results: BenchResults) -> dict[str, Any] | None:
    if (delay := results.delay) is None:
        return None
    return {
        "documents": len(results.delays),
        "pipeline_seconds": round(delay.pipeline, 3),
        "engine_seconds": round(delay.engine, 3),
        "added_seconds": round(delay.pipeline - delay.engine, 3),
        "each": [{"pipeline": round(each.pipeline, 3), "engine": round(each.engine, 3)} for each in results.delays],
    }


def _footprint(footprint: Footprint) -> dict[str, Any]:
    return {
        "representation": footprint.representation,
        **footprint.knobs,
        "context": footprint.context,
        "weights_mb": round(footprint.predicted.weights / 1e6),
        "kv_cache_mb": None if footprint.predicted.kv_cache is None else round(footprint.predicted.kv_cache / 1e6),
        "buffers_mb": round(footprint.predicted.buffers / 1e6),
        "predicted_mb": round(footprint.predicted.total / 1e6),
        "measured_mb": round(footprint.measured.first / 1e6),
        "after_last_round_mb": round(footprint.measured.last / 1e6),
        "ratio": round(footprint.ratio, 3),
        "flat": footprint.flat,
    }
