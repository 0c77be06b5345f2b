"""How an engine divides its work, when nothing was measured."""

from __future__ import annotations

from dataclasses import dataclass

# Sequences generated at once. With the sample model as it is shipped, on 2 cores, 4 made 0.31 documents of 500 words a
# second and 8 made 0.32; each costs memory.
SLOTS = 4


# Tokens computed at once in a prefill, where nothing else was measured: llama.cpp's default, and the prompt length up
# to which a token costs least (design measurements: 2048 at once cost 1.7 times a token of 512).
UBATCH = 512


@dataclass(frozen=True)
class Setup:
    """`slots` sequences, `threads` threads, both shared out to `lanes`, and `ubatch` tokens at once in a prefill."""

    slots: int
    lanes: int
    threads: int
    ubatch: int = UBATCH


def lanes_for(*, threads: int, slots: int, gpu_layers: int = 0) -> int:
    """Return the number of lanes: one a thread, as far as the slots go.

    Measured with 24 texts of 500 words, 96 new tokens, the sample model and 2 cores, in documents a second: one lane of
    two threads and 4 slots 0.286 and 0.288; two lanes of one thread and 4 slots 0.311 and 0.315, 8 slots 0.324. A lane
    of one thread waits for no other thread, which counts more beside other work: with 79% of the cores the first made
    0.20, with 87% two lanes of 8 slots 0.29. A GPU computes one batch at a time, so there is one lane.
    """
    return 1 if gpu_layers else min(threads, slots)


def shares(total: int, parts: int) -> list[int]:
    """Divide `total` into `parts` that differ by at most one, the larger first."""
    return [total // parts + (part < total % parts) for part in range(parts)]
