"""The end of a command by Ctrl-C, and by SIGTERM, which is the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


def end_as_ctrl_c_does() -> None:
    """Let SIGTERM interrupt this process as Ctrl-C does, once, so that a stopped service cleans up, too."""
    signal.signal(signal.SIGTERM, _interrupt)


@contextmanager
def stop_event() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C or SIGTERM sets, for a command that ends between two steps.

    The second one interrupts, as without this.
    """
    event = threading.Event()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        event.set()
        restore()

    for number in handlers:
        signal.signal(number, on_signal)
    try:
        yield event
    finally:
        restore()


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    # A second one must not interrupt the cleaning up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
