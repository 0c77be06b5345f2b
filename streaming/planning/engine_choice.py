"""Chooses what computes a query's summaries: a representation of the model, and a setup.

The order of precedence: the settings; the representation pinned in the query's checkpoint; the tuning of this CPU;
the original model file in a setup that was measured with the sample model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from streaming.engine import ModelFile, Setup, lanes_for
from streaming.engine.model.representation import FILE_TYPES, is_in, prepare_representation, prepared_bytes
from streaming.engine.setup import SLOTS, UBATCH
from streaming.engine.tuning.tuning_file import DEFAULT_BUDGET, GIVEN, Tuning, find_tuning
from streaming.errors import MachineError, ModelError
from streaming.planning.token_limits import token_limits
from streaming.settings import Settings


@dataclass(frozen=True)
class Choice:
    """The `original` model file, and the `model` file and `setup` to load. `why` is the reason, for the user."""

    original: ModelFile
    model: ModelFile
    setup: Setup
    why: str

    @property
    def representation(self) -> str:
        """The name that a query's checkpoint pins: "given", or the name of another representation."""
        return GIVEN if self.model is self.original else self.model.representation


def choose(settings: Settings, original: ModelFile, *, cores: int, pinned: str | None = None) -> Choice:
    """Choose for an engine with `cores` cores; `pinned` is the representation in the query's checkpoint, if any.

    Makes the file of the representation if it does not exist. Raises `ModelError` when that fails, or when gistream
    does not know the representation in the checkpoint.
    """
    choice = foresee(settings, original, cores=cores, pinned=pinned)
    if choice.representation == GIVEN:
        return choice
    return replace(choice, model=prepare_representation(original, choice.representation, settings.models_dir))


def foresee(settings: Settings, original: ModelFile, *, cores: int, pinned: str | None = None) -> Choice:
    """Return the choice of `choose` without making a file: the size is an estimate. Raises the same errors."""
    tuning, problem = None, None
    # A measurement on a CPU says nothing about a GPU.
    if not settings.gpu_layers:
        try:
            tuning = find_tuning(settings.data_dir, original, cores=cores)
        except MachineError as error:
            # A tuning only makes the engine faster.
            problem = str(error)
    representation, why = _representation(settings, tuning, pinned)
    if problem is not None:
        why = f"{why}; {problem}"
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
    return Choice(original, model, plan_setup(settings, tuned, cores=cores), why)


def _representation(settings: Settings, tuning: Tuning | None, pinned: str | None) -> tuple[str, str]:
    """Return the representation and the reason for it."""
    if settings.representation != "auto":
        return settings.representation, "as set"
    tuned = tuning.chosen.representation if tuning else None
    if pinned is None and tuned is not None:
        return tuned, "tuned for this CPU"
    why = "as given" if pinned is None else "as this query began"
    if tuned not in (None, pinned):
        why = f"{why}; --representation {tuned} moves it to what was tuned"
    elif tuned is None and not settings.gpu_layers:
        why = f"{why}; `gistream tune` takes up to {DEFAULT_BUDGET:.0f} minutes and may make it faster"
    return pinned or GIVEN, why


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
