"""How an engine divides its work, when nothing was measured."""

from __future__ import annotations

from dataclasses import dataclass

# Sequences generated at once. 8 instead of 4 gain 3% with the sample model, and each costs memory (measurements.md,
# Slots).
SLOTS = 4
# Tokens computed at once in a prefill: a token costs least up to 512, and 1.7 times that at 2048 (measurements.md,
# Prefill width).
UBATCH = 512


@dataclass(frozen=True)
class Setup:
    """`slots` sequences, `threads` threads, both shared out to `lanes`, and `ubatch` tokens at once in a prefill."""

    slots: int
    lanes: int
    threads: int
    ubatch: int = UBATCH


def lanes_for(*, threads: int, slots: int, gpu_layers: int = 0) -> int:
    """Return the number of lanes: one for each thread, but no more than there are slots.

    Two lanes of one thread made 0.311 documents/s, one lane of two threads 0.286 (docs/design/measurements.md, Lanes).
    A GPU computes one batch at a time, so it has one lane.
    """
    return 1 if gpu_layers else min(threads, slots)


def shares(total: int, parts: int) -> list[int]:
    """Divide `total` into `parts` that differ by at most one, the larger first."""
    return [total // parts + (part < total % parts) for part in range(parts)]
