"""Python's search for unused objects that refer to each other, made rare while documents are sent."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects before a search; Python's own number is 700. What is on its way to Kafka is some ten objects a document,
# and searching it again and again took a tenth of the processor time of 100,000 short documents.
_NEW_OBJECTS = 50_000


@contextmanager
def rare_searches() -> Iterator[None]:
    """Search rarely for as long as the context lasts."""
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
