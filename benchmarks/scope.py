"""The scope of a benchmark: the systems, the number of documents and of rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from streaming.engine import open_model
from streaming.engine.tuning.tuning_file import GIVEN
from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.planning.tuning import kept_tuning
from streaming.settings import Settings

# The representation in which systems are compared on a CPU without a tuning: on the slowest of the CPUs that were
# measured it is 1.4 times as fast as the sample's own file.
_UNTUNED = "BF16"

SYSTEMS = ("recipe", "cached", "llama-server", "lanes", "pipeline")


@dataclass(frozen=True)
class Scope:
    """How much is measured: documents, rounds, delays, which of the `SYSTEMS`; whether settings are searched.

    `footprints` are the engines whose memory is measured: slots, tokens of a slot, lanes.
    """

    # Whole waves of every number of slots that is tried (see `grid`): a last wave with few documents would be slow.
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
class BenchRequest:
    """The request of a user: a text (None: the samples), a model, and what is compared.

    Chapters begin with lines like `split`; they are cut to `words` words, or taken `whole`. `models_dir` gets the model
    in other representations, `journals` the measurements until all are there; `program` is a llama-server.
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


def only_systems(scope: Scope, names: str) -> Scope:
    """Return the part of a scope that belongs to some systems, whose names are separated by commas.

    The memory of engines is left out. Raises `UsageError` for an unknown name.
    """
    systems = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    if unknown := [name for name in systems if name not in SYSTEMS]:
        raise UsageError(f"'{unknown[0]}' is no system that is measured; there are: {', '.join(SYSTEMS)}.")
    if "pipeline" not in systems:
        scope = replace(scope, pipeline_documents=0)
    elif not scope.pipeline_documents:
        raise UsageError("--systems names the pipeline, and --pipeline-documents 0 leaves it out; drop one of them.")
    return replace(scope, systems=systems, footprints=())


def tuned_representation(settings: Settings) -> str:
    """Return the representation that `gistream tune` chose for the model on this CPU; BF16 without a tuning.

    Raises `ModelError`, or `MachineError` for a tuning that cannot be read.
    """
    original = open_model(settings.model)
    tuning = kept_tuning(settings, original, cores=usable_cores())
    if tuning is None:
        return _UNTUNED
    chosen = tuning.chosen.representation
    return original.representation if chosen == GIVEN else chosen
