"""Cuts a GGUF file into two, as llama.cpp's `gguf-split` does: a split model from the sample."""

from __future__ import annotations

import struct
from pathlib import Path

# Bytes of the value types of GGUF; 8 is a string, 9 a list.
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
ALIGNMENT = 32


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> int:
        (value,) = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return int(value)

    def skip_text(self) -> None:
        length = self.take("Q")
        self.at += length

    def skip_value(self, kind: int) -> None:
        if kind == 8:
            self.skip_text()
        elif kind == 9:
            inner, count = self.take("I"), self.take("Q")
            if inner == 8:
                for _ in range(count):
                    self.skip_text()
            else:
                self.at += count * SIZES[inner]
        else:
            self.at += SIZES[kind]


def split_in_two(source: Path, folder: Path) -> Path:
    """Write the two parts of `source` into `folder` and return the first."""
    data = source.read_bytes()
    reader = Reader(data)
    reader.at = 8
    tensors, pairs = reader.take("Q"), reader.take("Q")
    begin = reader.at
    for _ in range(pairs):
        reader.skip_text()
        reader.skip_value(reader.take("I"))
    metadata = data[begin : reader.at]
    heads, offsets = [], []
    for _ in range(tensors):
        begin = reader.at
        reader.skip_text()
        dimensions = reader.take("I")
        reader.at += 8 * dimensions + 4
        heads.append(data[begin : reader.at])
        offsets.append(reader.take("Q"))
    body = data[-(-reader.at // ALIGNMENT) * ALIGNMENT :]
    half = tensors // 2
    cut = offsets[half]
    first = folder / f"{source.stem}-00001-of-00002.gguf"
    counted = list(zip(heads, offsets, strict=True))
    first.write_bytes(_file(metadata, pairs, 0, tensors, counted[:half], body[:cut]))
    rest = [(head, offset - cut) for head, offset in counted[half:]]
    first.with_name(f"{source.stem}-00002-of-00002.gguf").write_bytes(_file(b"", 0, 1, tensors, rest, body[cut:]))
    return first


def _file(metadata: bytes, pairs: int, number: int, total: int, tensors: list[tuple[bytes, int]], body: bytes) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), pairs + 3) + metadata
    head += _pair(b"split.no", 2, struct.pack("<H", number)) + _pair(b"split.count", 2, struct.pack("<H", 2))
    head += _pair(b"split.tensors.count", 5, struct.pack("<i", total))
    head += b"".join(name + struct.pack("<Q", offset) for name, offset in tensors)
    return head + bytes(-len(head) % ALIGNMENT) + body


def _pair(name: bytes, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + value
