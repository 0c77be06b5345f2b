"""The server's side of the child: start it, talk to it, know when and how it ended."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import psutil

from streaming.engine.process.ledger import Cause, Death
from streaming.engine.process.wire import Frame, encode, read


class NativeProcess:
    """One child process: it loads the model and computes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._cause: Cause = "ended"

    @classmethod
    async def start(cls, recipe: Frame) -> NativeProcess:
        """Start a child that will load the engine of a recipe."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "streaming.engine.process.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": python_path()},
        )
        native = cls(process)
        native.send(recipe)
        return native

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def memory(self) -> int:
        """Bytes that it has for itself; 0 when it has ended.

        On Linux without the pages of files: those of the weights are the system's to drop, and a representation that is
        copied into another order when it is loaded would count twice.
        """
        try:
            used = psutil.Process(self.pid).memory_info()
        except psutil.NoSuchProcess:
            return 0
        return int(used.rss - getattr(used, "shared", 0))

    def send(self, frame: Frame) -> None:
        """Send a frame; a child that has just died does not get it."""
        if self._process.stdin is not None:
            self._process.stdin.write(encode(frame))

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield what the child says, until it dies. Raises `BadFrame`."""
        if self._process.stdout is None:
            return
        while (frame := await read(self._process.stdout)) is not None:
            yield frame

    def kill(self, cause: Cause) -> None:
        """End the child at once: it has nothing to save."""
        self._cause = cause
        with suppress(ProcessLookupError):
            self._process.kill()

    async def death(self) -> Death:
        """Wait for the child's end, and say how it died."""
        return Death(self._cause, await self._process.wait())


def python_path() -> str:
    """Return this process's own module path: a Spark worker may have gistream from an archive of the session's."""
    return os.pathsep.join(path for path in sys.path if path)
