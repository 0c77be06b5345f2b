from __future__ import annotations

import pytest
from rich.table import Table

from streaming.terminal.consoles import notes, out, wide_out


@pytest.mark.parametrize("console", [out, notes, wide_out(80)])
def test_brackets_in_a_path_are_no_style(console: object, capsys: pytest.CaptureFixture[str]) -> None:
    path = "/data/[red]/[/x]/[a] [b]"
    table = Table("path", box=None)
    table.add_row(path)
    console.print(f"it lies in {path}")  # type: ignore[attr-defined]
    console.print(table)  # type: ignore[attr-defined]
    shown = capsys.readouterr()
    assert (shown.out + shown.err).count(path) == 2
