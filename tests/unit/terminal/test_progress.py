"""A bar says how far a command is, and never gets into what the command writes."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from streaming.terminal.progress import ProgressBar

CODE = """
import sys
from streaming.terminal.consoles import notes, out, write_json
from streaming.terminal.progress import ProgressBar

with ProgressBar(notes) as bar:
    bar.begin("documents", 3)
    for number in range(3):
        bar.advance()
        with bar.aside():
            write_json('{"number": %d}' % number)
            out.print(f"line {number}")
    # Also where nobody took the bar away.
    write_json('{"number": 3}')
"""


def drawn(bar: ProgressBar) -> str:
    """Return the bar as it is drawn now."""
    console = Console(file=StringIO(), width=80)
    with console.capture() as capture:
        console.print(bar._progress.get_renderable())
    return capture.get().strip()


def test_every_part_is_counted_however_fast_they_come() -> None:
    bar = ProgressBar(Console(file=StringIO(), force_terminal=True))
    bar.begin("documents", 1600)
    for _ in range(1200):
        bar.advance()
    assert "documents" in drawn(bar)
    assert "1,200/1,600" in drawn(bar)


def test_a_count_of_unknown_size_has_no_total_also_after_one_that_had() -> None:
    bar = ProgressBar(Console(file=StringIO(), force_terminal=True))
    bar.begin("documents", 16)
    bar.begin("records")
    assert not re.search("[0-9]+/", drawn(bar))
    bar.advance(5)
    assert re.search(r" 5 0:00:0", drawn(bar))


def test_results_go_to_their_file_while_the_bar_is_on_the_terminal(tmp_path: Path) -> None:
    terminal, child = pty.openpty()
    results = tmp_path / "results"
    with results.open("w") as file:
        subprocess.run([sys.executable, "-c", CODE], stdout=file, stderr=child, check=True, timeout=60)
    os.close(child)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    lines = [line for n in range(3) for line in (f'{{"number": {n}}}', f"line {n}")]
    assert results.read_text().splitlines() == [*lines, '{"number": 3}']
    assert "documents" in shown
    assert "number" not in shown


def test_without_a_terminal_a_bar_writes_nothing() -> None:
    file = StringIO()
    with ProgressBar(Console(file=file)) as bar:
        bar.begin("documents", 2)
        bar.advance()
        with bar.aside():
            pass
    assert file.getvalue() == ""
