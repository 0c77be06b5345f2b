"""The server's side of the child: start it, send and read frames, end it, learn how it died."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import psutil

from streaming.engine.process.ledger import Cause, Death
from streaming.engine.process.wire import Frame, encode, read_frame


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
        child = cls(process)
        child.send(recipe)
        return child

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def memory(self) -> int:
        """Bytes of memory that only the child uses; 0 when it has ended.

        On Linux without the pages of files: the system may drop those of the weights, and weights that are repacked
        while they are loaded would count twice.
        """
        try:
            memory = psutil.Process(self.pid).memory_info()
        except psutil.NoSuchProcess:
            return 0
        return int(memory.rss - getattr(memory, "shared", 0))

    def send(self, frame: Frame) -> None:
        """Send a frame, unless the child has just died."""
        if self._process.stdin is not None:
            self._process.stdin.write(encode(frame))

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield the child's frames, until it dies. Raises `BadFrame`."""
        if self._process.stdout is None:
            return
        while (frame := await read_frame(self._process.stdout)) is not None:
            yield frame

    def kill(self, cause: Cause) -> None:
        """End the child at once, because it has nothing to save."""
        self._cause = cause
        with suppress(ProcessLookupError):
            self._process.kill()

    async def death(self) -> Death:
        """Wait for the child's end, and return how it died."""
        return Death(self._cause, await self._process.wait())


def python_path() -> str:
    """Return this process's own module path: a Spark worker may have gistream from an archive of its session."""
    return os.pathsep.join(path for path in sys.path if path)
