"""A model in one file or several: the names of its parts, and one checksum for all of them.

Large models are published as `name-00001-of-00003.gguf` and so on; llama.cpp opens the first part and finds the others
by their names in the same folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from streaming.errors import ModelError

# As much is read at once; a command shows these blocks as its progress.
BLOCK_BYTES = 1_000_000
# The form that llama.cpp's `llama_split_path` writes, and the only form that it reads.
_PART = re.compile(r"(?P<prefix>.+)-(?P<number>[0-9]{5})-of-(?P<count>[0-9]{5})\.gguf")


@dataclass(frozen=True)
class Checksums:
    """SHA-256 in hexadecimal: of each part, and of the `whole`.

    For a model in one file the whole is the checksum of that file. For a split model it is the SHA-256 of its parts'
    checksums, one on each line: `sha256sum name-*.gguf | cut -d' ' -f1 | sha256sum`.
    """

    parts: tuple[str, ...]
    whole: str


def part_names(name: str) -> list[str]:
    """Return the names of all parts of the model whose first file is `name`, which may have folders before it.

    Raises `ModelError` when `name` is a part other than the first.
    """
    match = _PART.fullmatch(name)
    if match is None:
        return [name]
    count = int(match["count"])
    names = [f"{match['prefix']}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]
    if name != names[0]:
        raise ModelError(f"{name} is a part of a split model, and not its first; name {names[0]}.")
    return names


def part_paths(path: Path) -> list[Path]:
    """Return the files of the model whose first file is `path`; raises `ModelError` when one is missing."""
    paths = [path.with_name(name) for name in part_names(path.name)]
    if missing := [part.name for part in paths if not part.is_file()]:
        raise ModelError(f"The split model {path} is not whole: {missing[0]} is not beside it; download all its parts.")
    return paths


def checksums(paths: Sequence[Path], on_block: Callable[[], None] = lambda: None) -> Checksums:
    """Read the files of one model, in order, and return their checksums; 100 MB take 0.1 s.

    `on_block` is called after each block (`BLOCK_BYTES`).
    """
    parts = tuple(file_sha256(path, on_block) for path in paths)
    if len(parts) == 1:
        return Checksums(parts, parts[0])
    return Checksums(parts, hashlib.sha256("".join(f"{part}\n" for part in parts).encode()).hexdigest())


def file_sha256(path: Path, on_block: Callable[[], None] = lambda: None) -> str:
    """Return the SHA-256 of one file, in hexadecimal; `on_block` is called after each block (`BLOCK_BYTES`)."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            on_block()
    return digest.hexdigest()
