"""Chooses what computes a query's summaries: a representation of the model, and a setup.

The order of precedence: the settings; the representation pinned in the query's checkpoint; the tuning of this machine;
the representation that this CPU's instructions favour, where it loses nothing; the original model file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from streaming.engine import ModelFile, Setup, lanes_for
from streaming.engine.model.representation import (
    FILE_TYPES,
    is_in,
    prepare_representation,
    prepared_bytes,
    prepared_path,
)
from streaming.engine.setup import SLOTS, UBATCH
from streaming.engine.tuning.tuning_file import DEFAULT_BUDGET, GIVEN, Tuning
from streaming.errors import MachineError, ModelError
from streaming.planning.token_limits import token_limits
from streaming.planning.tuning import kept_tuning
from streaming.planning.untuned import favoured
from streaming.settings import Settings

_TUNE = (
    f"`gistream tune` measures once, for all data dirs of this machine, what is fastest here (up to "
    f"{DEFAULT_BUDGET:.0f} minutes)"
)


@dataclass(frozen=True)
class Choice:
    """The `original` model file, and the `model` file and `setup` to load.

    `why` is the reason, for the user. `advice` is a sentence on how the model could be computed faster; None when
    nothing is known to be faster. `optional` tells that nobody asked for this representation.
    """

    original: ModelFile
    model: ModelFile
    setup: Setup
    why: str
    advice: str | None = None
    optional: bool = False

    @property
    def representation(self) -> str:
        """The name that a query's checkpoint pins: "given", or the name of another representation."""
        return GIVEN if self.model is self.original else self.model.representation


def choose(settings: Settings, original: ModelFile, *, cores: int, pinned: str | None = None) -> Choice:
    """Choose for an engine with `cores` cores; `pinned` is the representation in the query's checkpoint, if any.

    Makes the file of the representation if it does not exist. Raises `ModelError` when that fails, unless nobody asked
    for the representation, or when gistream does not know the representation in the checkpoint.
    """
    choice = foresee(settings, original, cores=cores, pinned=pinned)
    if choice.representation == GIVEN:
        return choice
    folder = _folder(settings, original, choice.representation)
    try:
        return replace(choice, model=prepare_representation(original, choice.representation, folder))
    except ModelError as error:
        if not choice.optional:
            raise
        return replace(choice, model=original, why="as given", advice=f"{error} It is used as given; {_TUNE}.")


def _folder(settings: Settings, original: ModelFile, representation: str) -> Path:
    """Return the folder of a representation; one that gistream 0.1 made in the data dir is used there."""
    earlier = settings.data_dir / "models"
    return earlier if prepared_path(original, representation, earlier).is_file() else settings.models_dir


def foresee(settings: Settings, original: ModelFile, *, cores: int, pinned: str | None = None) -> Choice:
    """Return the choice of `choose` without making a file: the size is an estimate. Raises the same errors."""
    tuning, problem = None, None
    # A measurement on a CPU says nothing about a GPU.
    if not settings.gpu_layers:
        try:
            tuning = kept_tuning(settings, original, cores=cores)
        except MachineError as error:
            # A tuning only makes the engine faster.
            problem = str(error)
    optional = False
    representation, why = _representation(settings, tuning, pinned)
    if representation is None:
        representation, why = GIVEN, "as given"
        if (name := favoured(settings, original, plan_setup(settings, None, cores=cores))) is not None:
            representation, why, optional = name, "which this CPU's instructions favour, and which loses nothing", True
    if representation not in (GIVEN, *FILE_TYPES):
        raise ModelError(
            f"This query's checkpoint keeps it at {representation}, which this gistream cannot make; choose another "
            "with --representation."
        )
    if representation != GIVEN and is_in(original, representation):
        representation = GIVEN
    tuned = None
    if tuning is not None and tuning.chosen.representation == representation:
        # The tuned slots fitted the memory with another context, so a longer context gets fewer.
        share = min(1.0, tuning.context / token_limits(settings, original).context)
        tuned = replace(tuning.chosen.setup, slots=max(1, int(tuning.chosen.setup.slots * share)))
    model = original
    if representation != GIVEN:
        size = prepared_bytes(original, representation)
        model = replace(original, representation=representation, bytes=size, file_bytes=size)
    return Choice(
        original,
        model,
        plan_setup(settings, tuned, cores=cores),
        why,
        _advice(settings, tuning, model, pinned=pinned, problem=problem),
        optional,
    )


def _representation(settings: Settings, tuning: Tuning | None, pinned: str | None) -> tuple[str | None, str]:
    """Return the representation that settings, checkpoint or tuning name, and the reason for it; None without one."""
    if settings.representation != "auto":
        return settings.representation, "as set"
    if pinned is not None:
        return pinned, "as this query began"
    return (None, "") if tuning is None else (tuning.chosen.representation, "tuned for this CPU")


def _advice(
    settings: Settings, tuning: Tuning | None, model: ModelFile, *, pinned: str | None, problem: str | None
) -> str | None:
    if settings.representation != "auto" or settings.gpu_layers:
        return None
    if problem is not None:
        return f"{problem[:1].upper()}{problem[1:]}."
    if tuning is None:
        return f"This machine is not tuned to {model.name}, which is computed as {model.representation}; {_TUNE}."
    if pinned is not None and tuning.chosen.representation != pinned:
        return (
            f"This query began with {model.name} as {model.representation}; --representation "
            f"{tuning.chosen.representation} moves it to what this machine was tuned to, with another recipe."
        )
    return None


def plan_setup(settings: Settings, tuned: Setup | None, *, cores: int) -> Setup:
    """Return the setup of the settings; values that they leave open come from the tuning, else from the cores."""
    slots = settings.slots or max(tuned.slots if tuned else SLOTS, settings.lanes or 1)
    ubatch = settings.ubatch or (tuned.ubatch if tuned else UBATCH)
    # Lanes and threads belong together.
    if tuned and settings.threads is None and settings.lanes is None:
        return Setup(slots, min(tuned.lanes, slots), tuned.threads, ubatch)
    threads = settings.threads or cores
    lanes = settings.lanes or lanes_for(threads=threads, slots=slots, gpu_layers=settings.gpu_layers)
    return Setup(slots, lanes, threads, ubatch)
