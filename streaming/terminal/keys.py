"""The keys that somebody presses while a screen is shown."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def pressed_key() -> Iterator[Callable[[float], str]]:
    """Yield a function that waits some seconds at most, and returns the key that was pressed; "" for none.

    Keys come at once and are not shown, for as long as the context lasts. An input that is no terminal has none.
    """
    if not sys.stdin or not sys.stdin.isatty():
        yield _no_key
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)

    def wait(seconds: float) -> str:
        ready, _, _ = select.select([terminal], [], [], seconds)
        return os.read(terminal, 64).decode(errors="replace")[:1] if ready else ""

    try:
        yield wait
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _no_key(seconds: float) -> str:
    select.select([], [], [], seconds)
    return ""
