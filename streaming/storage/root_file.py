"""An open file of a root: its size, and its bytes when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from streaming.errors import StorageAway


class Stream(Protocol):
    """What a file is read through: a file of Python, or a stream of pyarrow."""

    def read(self, size: int, /) -> bytes:
        """Return the next `size` bytes, fewer at the end."""

    def close(self) -> None:
        """Close it."""


class RootFile:
    """A file that was opened; close it, or leave its context."""

    def __init__(self, stream: Stream, size: int, away: Callable[[OSError], StorageAway]) -> None:
        """`away` makes the error of the service out of one that comes up while reading."""
        self._stream, self.size, self._away = stream, size, away

    def __enter__(self) -> RootFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self) -> bytes:
        """Return the file's bytes, no more than it had when it was opened; raises `StorageAway`."""
        try:
            return self._stream.read(self.size)
        except OSError as error:
            raise self._away(error) from error

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
