"""The program for which an engine works, as `gistream engine` shows it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """A program: its `command` ("run", "summarize", ...), its data dir, and its process `pid` on a `host`.

    `query` is the name of the query that it runs; None when it runs none.
    """

    command: str
    query: str | None
    data_dir: str
    pid: int
    host: str


def this_program(command: str, *, query: str | None, data_dir: str) -> Caller:
    """Return this process as a caller."""
    return Caller(command, query, data_dir, os.getpid(), platform.node())
