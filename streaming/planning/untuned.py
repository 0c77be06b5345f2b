"""The representation of a model that was not tuned on this machine: what the CPU's instructions favour without loss."""

from __future__ import annotations

from streaming.engine import ModelFile, Setup
from streaming.engine.model import memory
from streaming.engine.model.instructions import instructions
from streaming.engine.model.representation import prepared_bytes
from streaming.planning.token_limits import token_limits
from streaming.planning.tuning import other_memory
from streaming.settings import MIB, Settings

# The file types that llama.cpp computes more slowly than 16 bits a weight, as far as was measured (measurements.md,
# Representation without a tuning). Q4_0, for one, is as fast as BF16.
_SLOW_FILE_TYPES = ("Q4_1",)
# Up to this many parameters. The sample model has 135 million; the weights of a much larger one are bound by the
# memory's speed, and three times the bytes may cost more than the instructions gain.
_LARGEST_MODEL = 4e8
# llama.cpp's names of instructions, and the representation that they favour, the best first. On a CPU without the
# first ones F16 was 1.3 times as fast as BF16 (measurements.md, Representations). ARM was not measured.
_FAVOURED = (({"AVX512_BF16"}, "BF16"), ({"AVX2", "F16C"}, "F16"))


def favoured(settings: Settings, original: ModelFile, setup: Setup) -> str | None:
    """Return the representation to compute `original` in when nobody measured, set or pinned one; None: as given.

    It holds what the file holds: a rounding to 16 bits is a small part of the step between two of its values.
    """
    if settings.gpu_layers or not settings.is_local:
        # The CPUs of other machines may have other instructions.
        return None
    if original.representation not in _SLOW_FILE_TYPES or original.parameters > _LARGEST_MODEL:
        return None
    name = next((name for needed, name in _FAVOURED if needed <= instructions()), None)
    return name if name is not None and _fits(settings, original, name, setup) else None


def _fits(settings: Settings, original: ModelFile, representation: str, setup: Setup) -> bool:
    """Tell whether an engine in this representation fits the memory beside the rest of a query."""
    needed = memory.predict(
        original.shape,
        file_bytes=prepared_bytes(original, representation),
        slots=setup.slots,
        lanes=setup.lanes,
        context=token_limits(settings, original).context,
        ubatch=setup.ubatch,
    )
    limit = settings.engine_memory * MIB if settings.engine_memory else needed.total
    return needed.total <= min(limit, memory.available_bytes() - other_memory(settings))
