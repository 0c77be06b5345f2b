"""What is to be measured, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from streaming.engine import open_model
from streaming.engine.tuning.tuning_file import GIVEN, find_tuning
from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.settings import Settings

# What systems are compared in on a CPU that has no tuning: of the CPUs that it was measured on, the slowest makes 1.4
# times as much of it as of the sample's own file.
_UNTUNED = "BF16"

SYSTEMS = ("recipe", "cached", "llama-server", "lanes", "pipeline")


@dataclass(frozen=True)
class Scope:
    """How much is measured: documents, rounds, delays, which of the `SYSTEMS`; whether settings are searched.

    `footprints` are the engines whose memory is measured: slots, tokens of a slot, lanes.
    """

    # Whole waves of every number of slots that is tried (see `grid`): a rest alone would cost one of them more.
    documents: int = 32
    pipeline_documents: int = 128
    delays: int = 10
    repeats: int = 3
    search: bool = True
    systems: tuple[str, ...] = SYSTEMS
    footprints: tuple[tuple[int, int, int], ...] = (
        *((1, 1024, 1), (4, 2048, 1), (4, 2048, 2)),
        *((8, 1024, 2), (16, 1024, 2), (16, 2048, 2)),
    )


# A look at a machine in about five minutes on 2 cores: too little for a figure that is quoted.
QUICK = Scope(documents=4, pipeline_documents=8, delays=2, repeats=1, search=False, footprints=((4, 2048, 2),))


@dataclass(frozen=True)
class Asked:
    """What `gistream bench` was asked: a text (None: the samples), a model, what to compare with, how much.

    Chapters begin with lines like `split`; they are cut to `words` words unless they are taken `whole`. Models in other
    representations are kept in `models_dir`, what is measured in `journals` until all is; `program` is a llama-server.
    """

    text: Path | None
    split: str
    words: int
    whole: bool
    model: str
    models_dir: Path
    journals: Path
    representations: tuple[str, ...]
    program: Path | None
    scope: Scope


def only(scope: Scope, names: str) -> Scope:
    """Return the part of a scope that some systems take, named with commas; the engine's own tables belong to all.

    Raises `UsageError` for an unknown name.
    """
    systems = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    if unknown := [name for name in systems if name not in SYSTEMS]:
        raise UsageError(f"'{unknown[0]}' is no system that is measured; there are: {', '.join(SYSTEMS)}.")
    if "pipeline" not in systems:
        scope = replace(scope, pipeline_documents=0)
    elif not scope.pipeline_documents:
        raise UsageError("--systems names the pipeline, and --pipeline-documents 0 leaves it out; drop one of them.")
    return replace(scope, systems=systems, footprints=())


def compared_here(settings: Settings) -> str:
    """Return the representation in which the service computes the model here, as tuned; BF16 without a tuning.

    Raises `ModelError`, or `MachineError` for a tuning that cannot be read.
    """
    given = open_model(settings.model)
    tuning = find_tuning(settings.data_dir, given, cores=usable_cores())
    if tuning is None:
        return _UNTUNED
    chosen = tuning.chosen.representation
    return given.representation if chosen == GIVEN else chosen
