from __future__ import annotations

from collections.abc import Iterator

import pytest

from streaming.pipeline.desk import unload


@pytest.fixture(autouse=True)
def _no_engine_stays() -> Iterator[None]:
    """Free the engine that a desk loaded: the next test has another."""
    yield
    unload()
