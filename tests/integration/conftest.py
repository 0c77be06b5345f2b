"""Fixtures of the suite."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where an engine of `hazards` says what it does."""
    path = tmp_path / "log"
    path.touch()
    return path
