"""The end of a command by SIGTERM: the same as by Ctrl-C."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


def end_as_ctrl_c_does() -> None:
    """Let SIGTERM interrupt this process as Ctrl-C does, once, so that a stopped service cleans up, too."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    # A second one must not interrupt the cleaning up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
