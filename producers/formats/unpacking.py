"""The bytes that gzip or zstd packed, as a stream; a file that is cut off is damaged, and not shorter."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, BinaryIO, cast

import zstandard

GZIP_MARK, ZSTD_MARK = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# What reading raises when a packed file is damaged or cut off.
DAMAGES = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)
_READ_BYTES = 65_536


def unpacked(file: BinaryIO) -> BinaryIO:
    """Return what is packed in a file, which is read as it is asked for; the file itself where nothing is packed.

    Reading raises one of `DAMAGES`.
    """
    stream = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    head = stream.peek(len(ZSTD_MARK))
    if head.startswith(GZIP_MARK):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    return open_zstd(stream) if head.startswith(ZSTD_MARK) else cast(BinaryIO, stream)


def open_zstd(stream: IO[bytes]) -> BinaryIO:
    """Return what is packed in the frames of `stream`; zstandard's own stream ends in silence where a frame is cut."""
    return cast(BinaryIO, io.BufferedReader(_Frames(stream), _READ_BYTES))


class _Frames(io.RawIOBase):
    """The contents of frames of zstd that follow each other."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._packed = self._content = b""
        self._is_open = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._content:
            self._packed = self._packed or self._stream.read(_READ_BYTES)
            if not self._packed:
                if self._is_open:
                    raise EOFError("the last frame has no end")
                return 0
            if not self._is_open:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._content = self._frame.decompress(self._packed)
            self._is_open = not self._frame.eof
            self._packed = self._frame.unused_data if self._frame.eof else b""
        amount = min(len(buffer), len(self._content))
        buffer[:amount], self._content = self._content[:amount], self._content[amount:]
        return amount
