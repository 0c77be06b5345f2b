"""Ctrl-C and SIGTERM while documents are sent: the first stops the reading, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")
# What a shell shows for a command that Ctrl-C ended.
EXIT_CODE = 130


class Interruption:
    """Whether the user has asked to stop; `stopped` is set then. Make one with `interruption`."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._is_reading = False

    def until_stopped(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield `items` until the user asks to stop, also while the next one is waited for."""
        iterator, end = iter(items), object()
        try:
            while not self.stopped.is_set():
                self._is_reading = True
                item = next(iterator, end)
                self._is_reading = False
                if item is end:
                    return
                yield item  # type: ignore[misc]
        except KeyboardInterrupt:
            # Its own: a reader may be waiting for a terminal or a pipe. Sending is never interrupted in this way, which
            # could leave half a record in the client.
            if not self.stopped.is_set():
                raise
        finally:
            self._is_reading = False

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Stop the reading; end the process when that has been asked for before."""
        if self.stopped.is_set():
            os._exit(EXIT_CODE)
        self.stopped.set()
        if self._is_reading:
            self._is_reading = False
            raise KeyboardInterrupt


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Handle Ctrl-C and SIGTERM for as long as the context lasts."""
    state = Interruption()
    handlers = {number: signal.signal(number, state.on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield state
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
