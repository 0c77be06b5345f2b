"""Which models of the catalogue fit a machine, before anything is downloaded.

The prediction of `engine.model.memory`, with the slots, lanes and context that gistream would use for the model as its
file stores it. A tuning may choose more slots or a larger representation; a model is tuned when it is here.
"""

from __future__ import annotations

from dataclasses import dataclass

from streaming.engine import Setup
from streaming.engine.model import memory
from streaming.engine.model.catalogue import CATALOGUE, ListedModel
from streaming.errors import UsageError
from streaming.planning.engine_choice import plan_setup
from streaming.planning.token_limits import TokenLimits, checked_token_limits, token_limits
from streaming.planning.tuning import other_memory
from streaming.settings import MIB, Settings


@dataclass(frozen=True)
class Recommendation:
    """A model on a machine: the setup and the limits that it would have, and the memory that it would need.

    `slots_that_fit` is the largest number of slots, up to those of the setup, that the memory allows with this context;
    0 when not even one fits. `problem` is one sentence on why the settings allow no summary at all; None if they do.
    """

    model: ListedModel
    setup: Setup
    limits: TokenLimits
    memory: memory.Memory
    slots_that_fit: int
    problem: str | None

    @property
    def fits(self) -> bool:
        """Whether the model runs in this setup."""
        return self.slots_that_fit == self.setup.slots


def model_memory(settings: Settings, available: int) -> int:
    """Return how many of `available` bytes the model of `gistream run` may take."""
    rest = max(0, available - other_memory(settings))
    return min(rest, settings.engine_memory * MIB) if settings.engine_memory else rest


def recommendations(settings: Settings, *, cores: int, available: int) -> list[Recommendation]:
    """Return all models of the catalogue, smallest file first, on a machine with `cores` and `available` bytes."""
    allowed = model_memory(settings, available)
    return [_recommendation(settings, model, cores, allowed) for model in CATALOGUE]


def _recommendation(settings: Settings, model: ListedModel, cores: int, allowed: int) -> Recommendation:
    setup, limits, problem = plan_setup(settings, None, cores=cores), token_limits(settings, model), None
    needed = memory.predict(
        model.shape,
        file_bytes=model.bytes,
        slots=setup.slots,
        lanes=setup.lanes,
        context=limits.context,
        ubatch=setup.ubatch,
    )
    fit = memory.largest_fit(
        model.shape,
        file_bytes=model.bytes,
        slots=setup.slots,
        lanes=setup.lanes,
        context=limits.context,
        available=allowed,
        ubatch=setup.ubatch,
    )
    # A shorter context would need shorter chunks, and so be another setup.
    slots = fit[0] if fit and fit[1] == limits.context else 0
    try:
        checked_token_limits(settings, model)
    except UsageError as error:
        slots, problem = 0, str(error)
    return Recommendation(model, setup, limits, needed, slots, problem)


def comparison(models: list[Recommendation]) -> tuple[str, str] | None:
    """Return two models that are worth comparing on one's own texts: the largest two that fit.

    Where only one fits, the other is the sample. None where none fits.
    """
    fitting = [each.model.source for each in models if each.fits]
    return (["sample", *fitting][-2], fitting[-1]) if fitting else None
