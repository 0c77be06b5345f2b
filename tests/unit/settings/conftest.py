"""A user's empty folder for each test of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.settings import Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and no setting in the environment but the data dir."""
    for name in ("CONFIG", *(name.upper() for name in Settings.model_fields)):
        monkeypatch.delenv(f"GISTREAM_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GISTREAM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path
