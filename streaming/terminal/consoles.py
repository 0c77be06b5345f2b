"""The two consoles of a command: results on standard output, remarks on standard error.

On a terminal lines are wrapped at words. Where no terminal reads a line it is never wrapped, so that a program can read
it; only the text of a summary is, at COLUMNS or 100 cells.
"""

from __future__ import annotations

import codecs
import json
import os
import sys

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

# Cells of a line of text where no terminal has a width: about what people read without losing the line.
_COLUMNS = 100
# Cells of a table that is written to a file: more than any table needs.
_UNBOUNDED = 100_000


def _console(*, stderr: bool = False) -> Console:
    # Without markup: a path or an id may have brackets, which rich would take for a style and leave out.
    stream = sys.stderr if stderr else sys.stdout
    # A closed stream is None.
    if stream is not None and stream.isatty():
        return Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and int(columns) > 0 else _COLUMNS
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False, soft_wrap=True, width=width)


out = _console()
notes = _console(stderr=True)


def wide_out(columns: int) -> Console:
    """Return standard output for a table that needs `columns`, when no terminal has its own."""
    if sys.stdout.isatty():
        return out
    return Console(highlight=False, emoji=False, markup=False, soft_wrap=True, width=columns)


def print_table(table: Table, console: Console = out) -> None:
    """Print a table without cutting a word: cells wrap between words on a terminal, and nowhere else."""
    unbounded = console.options.update(max_width=_UNBOUNDED)
    for column in table.columns:
        cells = [Measurement.get(console, unbounded, cell) for cell in (column.header, *column.cells)]
        column.min_width = max(cell.minimum for cell in cells)
        # Rich takes cells from the widest column first, also from one that cannot wrap.
        column.no_wrap = column.min_width == max(cell.maximum for cell in cells)
    least, most = Measurement.get(console, unbounded, table)
    table.width = max(least, min(most, console.width)) if console.is_terminal else most
    console.print(table, crop=False, soft_wrap=False)


def write_json(line: str) -> None:
    """Write a line of JSON to standard output, at once; for a stream that is not UTF-8 in ASCII, with escapes."""
    if codecs.lookup(sys.stdout.encoding).name != "utf-8":
        line = json.dumps(json.loads(line))
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
