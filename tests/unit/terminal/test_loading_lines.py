"""What a start prints while the model loads."""

from __future__ import annotations

import pytest

from streaming.terminal import run_lines
from streaming.terminal.run_lines import LoadingLines


def test_a_small_model_has_one_line_and_a_large_one_a_line_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(run_lines.time, "monotonic", lambda: now)
    small = LoadingLines()
    assert [small.line(share) for share in (0.0, 0.4, 1.0)] == [None, None, "the model is loaded (0.0 s)"]
    large, lines = LoadingLines(), []
    for percent in range(0, 101, 10):
        lines.append(large.line(percent / 100))
        now += 3
    assert [line for line in lines if line] == [
        "loading the model: 20%", "loading the model: 40%", "loading the model: 60%", "loading the model: 80%",
        "the model is loaded (30.0 s)",
    ]  # fmt: skip
