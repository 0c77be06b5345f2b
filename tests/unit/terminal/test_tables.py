from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from streaming.terminal.consoles import print_table

TOPIC = "gistream.tenant-with-a-long-name.documents"


def printed(*, width: int, terminal: bool) -> str:
    table = Table("topic", "messages", "largest record", "cleanup", box=None)
    table.add_row(TOPIC, "1,234,567", "8,388,608", "delete")
    lines = StringIO()
    print_table(
        table, Console(file=lines, width=width, soft_wrap=not terminal, force_terminal=terminal, color_system=None)
    )
    return lines.getvalue()


@pytest.mark.parametrize("width", [20, 60, 80, 200])
@pytest.mark.parametrize("terminal", [True, False])
def test_no_name_and_no_number_of_a_table_is_cut(width: int, terminal: bool) -> None:
    shown = printed(width=width, terminal=terminal)
    assert {TOPIC, "1,234,567", "8,388,608", "delete", "largest", "record"} <= set(shown.split())


def test_a_table_uses_the_width_of_a_terminal_by_breaking_headings_between_words() -> None:
    assert [len(line.rstrip()) <= 78 for line in printed(width=78, terminal=True).splitlines()] == [True] * 3
    assert len(printed(width=100, terminal=True).splitlines()) == 2
    assert len(printed(width=20, terminal=False).splitlines()) == 2
