"""How a command ends when somebody else ends it."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


def end_as_ctrl_c_does() -> None:
    """Let SIGTERM interrupt this process as Ctrl-C does, once: a service or a container leaves no more behind."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    # A second one must not interrupt the cleaning up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
