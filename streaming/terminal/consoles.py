"""The two consoles of a command: results on standard output, remarks on standard error.

A line is never wrapped where no terminal reads it, so that a program can.
"""

from __future__ import annotations

import codecs
import json
import sys

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False, soft_wrap=True)


def wide_out(columns: int) -> Console:
    """Return standard output for a table that needs `columns`: rich takes a file to have 80."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else columns)


def write_json(line: str) -> None:
    """Write a line of JSON to standard output, at once; for a stream that is not UTF-8 in ASCII, with escapes."""
    if codecs.lookup(sys.stdout.encoding).name != "utf-8":
        line = json.dumps(json.loads(line))
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
