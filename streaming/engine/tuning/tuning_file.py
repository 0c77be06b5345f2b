"""What a tuning found, kept as JSON in the data dir: `tuning/<model>-<machine>.json`.

A file counts for one model file, one CPU with as many cores, and one version of llama.cpp's binding; on another machine
or after an upgrade it is as if there were none.
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

# What stands for the file as given where a representation is named.
GIVEN = "given"
# Minutes that a tuning may take. The sample model needs 5 of them on 2 cores.
DEFAULT_BUDGET = 10.0
_CPUINFO = Path("/proc/cpuinfo")
_CPU_FIELDS = ("model name", "cpu family", "model", "stepping")


@dataclass(frozen=True)
class Speed:
    """How fast one representation is in one setup.

    `prefill` and `decode` are seconds: of a prompt of `prompt_tokens` tokens in one slot, and of one step of all slots
    of a lane, every lane at work. `documents_per_second` follows from them (see `probe`). `memory` is by how many bytes
    the process grew, `predicted` what was foreseen.
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
    """What a representation does to the model's predictions, compared with the file as given, token by token.

    `perplexity` and `given_perplexity` are of the same `tokens`; `change` is the mean difference of the logarithms, in
    nats a token (0.01 is a perplexity higher by 1%), and `low` and `high` bound it with 95% confidence. `divergence` is
    the mean Kullback-Leibler divergence from the given model's predictions, in nats; `same_top` the share of tokens
    for which both think the same token likeliest.
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
    """A representation that was not measured to the end, and why."""

    representation: str
    reason: str


@dataclass(frozen=True)
class Chosen:
    """The choice: `representation` is a name of `representation.FILE_TYPES`, or "given".

    `gain` is how many times as many documents it makes as the file as given in the setup of the first measurement.
    """

    representation: str
    setup: Setup
    gain: float


@dataclass(frozen=True)
class Tuning:
    """What a tuning measured and chose, for slots of `context` tokens.

    `seconds` is what it took, `made_at` when it was made, in ISO 8601.
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
    """Return the name of this machine's CPU, with the numbers that tell two of one name apart."""
    try:
        first = _CPUINFO.read_text().split("\n\n")[0]
    except OSError:
        return platform.processor() or platform.machine()
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    known = [fields[name] for name in _CPU_FIELDS if name in fields]
    # An ARM core has other fields, and a name only of its architecture.
    return "/".join(known) or f"{platform.machine()} {fields.get('CPU part', '')}".strip()


def tuning_path(data_dir: Path, model: ModelFile, *, cores: int) -> Path:
    """Return where a tuning of `model` for `cores` cores of this CPU is kept."""
    machine = hashlib.sha256(json.dumps([this_cpu(), cores, llama_build()]).encode()).hexdigest()[:8]
    return data_dir / "tuning" / f"{model.sha256[:16]}-{machine}.json"


def find_tuning(data_dir: Path, model: ModelFile, *, cores: int) -> Tuning | None:
    """Return the tuning of `model` for this machine; None when there is none.

    Raises `MachineError` when there is one that cannot be read.
    """
    path = tuning_path(data_dir, model, cores=cores)
    try:
        tuning = _TUNING.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise MachineError(f"the tuning in {path} cannot be read; run `gistream tune` again") from error
    if tuning.chosen.representation not in (GIVEN, *FILE_TYPES):
        raise MachineError(f"the tuning in {path} is of another gistream; run `gistream tune` again")
    return tuning


def save_tuning(data_dir: Path, model: ModelFile, tuning: Tuning) -> Path:
    """Write a tuning where `find_tuning` looks, whole or not at all, and return the file; raises `MachineError`."""
    path = tuning_path(data_dir, model, cores=tuning.cores)
    partial = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(_TUNING.dump_json(tuning, indent=2))
        partial.replace(path)
    except OSError as error:
        raise MachineError(
            f"The tuning cannot be kept in {path.parent}: {error.strerror}; choose another place with --data-dir."
        ) from error
    return path
