"""Reads a file that gzip or zstd packed, as the file that is in it."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

from producers.formats.in_process import kind_of, read_here
from producers.formats.kinds import GZIP, PACKED, ZSTD
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from producers.formats.unpacking import DAMAGES, open_zstd
from streaming.errors import BadInput
from streaming.settings import MIB
from streaming.wording import megabytes

# Text packs to a third, a table of equal rows to a fiftieth, and a bomb to a thousandth.
_MOST_TIMES = 100
_ALWAYS_ALLOWED = 64 * MIB


def read_gzip(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the parts of the file that is packed in a file of gzip; raises `BadInput` also for what is packed twice."""
    return _read(path, options, gzip.open)


def read_zstd(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the parts of the file that is packed in a file of zstd; raises `BadInput` also for what is packed twice."""
    return _read(path, options, _open_zstd)


@contextmanager
def _open_zstd(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file, open_zstd(file) as content:
        yield content


def _read(
    path: Path, options: ReadOptions, opener: Callable[[Path], AbstractContextManager[Any]]
) -> Iterator[Part | PartRefusal]:
    name = path.stem if path.suffix.lower() in PACKED else path.name
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        try:
            with opener(path) as content, file.open("wb") as unpacked:
                _unpack(content, unpacked, path.stat().st_size * _MOST_TIMES + _ALWAYS_ALLOWED)
        except DAMAGES:
            raise BadInput("packed, and damaged or cut off", type="Broken") from None
        if kind_of(file) in (GZIP, ZSTD):
            raise BadInput("packed twice: unpack it first", type="Compressed")
        yield from read_here(file, options)


def _unpack(content: IO[bytes], unpacked: IO[bytes], most: int) -> None:
    while chunk := content.read(MIB):
        if unpacked.tell() + len(chunk) > most:
            raise BadInput(f"packed, and more than {megabytes(most)} when unpacked: unpack it first", type="Bomb")
        unpacked.write(chunk)
