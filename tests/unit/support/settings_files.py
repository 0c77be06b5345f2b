"""Writing a file of settings, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streaming.errors import UsageError
from streaming.settings import load


def write(text: str, name: str = "gistream.toml") -> None:
    Path(name).write_text(text)


def refusal(flags: dict[str, Any] | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        load(flags)
    return str(caught.value)
