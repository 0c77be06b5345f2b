"""When the documents of a load arrive: a schedule that does not wait for the system that it loads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Literal

# As from many people who know nothing of each other, or one in each equal interval.
Arrivals = Literal["poisson", "even"]


def schedule(arrivals: Arrivals, rate: float, duration: float, seed: int) -> Iterator[float]:
    """Yield the arrivals in seconds from the start, `rate` of them a second, before `duration` is over."""
    random = Random(f"{seed} arrivals")  # noqa: S311 - a schedule is no secret
    number, at = 0, 0.0
    while True:
        if arrivals == "even":
            at = number / rate
        else:
            at -= math.log(1.0 - random.random()) / rate
        if at >= duration:
            return
        yield at
        number += 1
