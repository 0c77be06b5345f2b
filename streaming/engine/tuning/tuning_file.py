"""The figures and the choice of a tuning, stored as JSON: `tuning/<model>-<machine>.json` of a folder.

A file is valid for one model file, one CPU, one number of cores and one version of llama.cpp's binding. On another
machine, or after an upgrade, it is not used.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from streaming.engine.model.model_file import ModelFile
from streaming.engine.model.representation import FILE_TYPES, llama_build
from streaming.engine.setup import Setup
from streaming.errors import MachineError

# Stands for the original file where a representation is named.
GIVEN = "given"
# Minutes that a tuning may take. The sample model needs 5 on 2 cores.
DEFAULT_BUDGET = 10.0
_CPUINFO = Path("/proc/cpuinfo")
_CPU_FIELDS = ("model name", "cpu family", "model", "stepping")


@dataclass(frozen=True)
class Speed:
    """The measured speed of one representation in one setup.

    `prefill` is the seconds of a prompt of `prompt_tokens` tokens in one slot, `decode` the seconds of one step of all
    slots of a lane; both while every lane computes. `documents_per_second` follows from them (see `probe`). `memory` is
    the number of bytes by which the process grew, `predicted` the prediction of it.
    """

    representation: str
    setup: Setup
    prompt_tokens: int
    completion_tokens: int
    prefill: float
    decode: float
    documents_per_second: float
    memory: int
    predicted: int


@dataclass(frozen=True)
class Quality:
    """How a representation changes the model's predictions, compared with the original file, token by token.

    `perplexity` and `given_perplexity` (of the original file) are of the same `tokens`. `change` is the mean difference
    of their logarithms, in nats a token (0.01 is a perplexity higher by 1%); `low` and `high` are its 95% interval.
    `divergence` is the mean Kullback-Leibler divergence from the original file's predictions, in nats; `same_top` is
    the share of tokens for which both files rank the same token first.
    """

    representation: str
    tokens: int
    perplexity: float
    given_perplexity: float
    change: float
    low: float
    high: float
    divergence: float
    same_top: float


@dataclass(frozen=True)
class Skipped:
    """A representation whose measurement was not finished, and the reason."""

    representation: str
    reason: str


@dataclass(frozen=True)
class Chosen:
    """The choice: `representation` is a name of `representation.FILE_TYPES`, or "given".

    `gain` is its documents a second divided by those of the original file in the setup of the first measurement.
    """

    representation: str
    setup: Setup
    gain: float


@dataclass(frozen=True)
class Tuning:
    """The measurements and the choice of a tuning, for slots of `context` tokens.

    `given` is the representation of the original file, `seconds` the duration of the tuning, `made_at` its end, in
    ISO 8601.
    """

    cpu: str
    cores: int
    llama_cpp: str
    model: str
    model_sha256: str
    given: str
    context: int
    made_at: str
    seconds: float
    allow_loss: float
    speeds: list[Speed]
    qualities: list[Quality]
    skipped: list[Skipped]
    chosen: Chosen


_TUNING = TypeAdapter(Tuning)


def this_cpu() -> str:
    """Return the name of this machine's CPU, with the numbers that distinguish two CPUs of one name."""
    try:
        first = _CPUINFO.read_text().split("\n\n")[0]
    except OSError:
        return platform.processor() or platform.machine()
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    values = [fields[name] for name in _CPU_FIELDS if name in fields]
    # An ARM core has other fields, and only the name of its architecture.
    return "/".join(values) or f"{platform.machine()} {fields.get('CPU part', '')}".strip()


def tuning_path(folder: Path, model: ModelFile, *, cores: int) -> Path:
    """Return the file of a tuning of `model` for `cores` cores of this CPU."""
    machine = hashlib.sha256(json.dumps([this_cpu(), cores, llama_build()]).encode()).hexdigest()[:8]
    return folder / "tuning" / f"{model.sha256[:16]}-{machine}.json"


def find_tuning(folder: Path, model: ModelFile, *, cores: int) -> Tuning | None:
    """Return the tuning of `model` for this machine in a folder; None when there is none.

    Raises `MachineError` when the file cannot be read.
    """
    path = tuning_path(folder, model, cores=cores)
    try:
        tuning = _TUNING.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise MachineError(f"the tuning in {path} cannot be read; run `gistream tune` again") from error
    if tuning.chosen.representation not in (GIVEN, *FILE_TYPES):
        raise MachineError(f"the tuning in {path} is of another gistream; run `gistream tune` again")
    return tuning


def save_tuning(folder: Path, model: ModelFile, tuning: Tuning) -> Path:
    """Write a tuning where `find_tuning` reads, whole or not at all, and return the file; raises `MachineError`."""
    path = tuning_path(folder, model, cores=tuning.cores)
    partial = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(_TUNING.dump_json(tuning, indent=2))
        partial.replace(path)
    except OSError as error:
        raise MachineError(
            f"The tuning cannot be written to {path.parent}: {error.strerror}; choose another place with machine_dir."
        ) from error
    return path
