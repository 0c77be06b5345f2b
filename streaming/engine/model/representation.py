"""Other representations of a model's weights: made once from the file as given, kept by content, checked when used.

    <folder>/<SHA-256 of the given file, its beginning>-<representation>-<version of llama.cpp's binding>.gguf
    <the same>.json     what was made: checksum and sizes

The same quantizer makes the same bytes of the same file, so an executor that does not have the driver's file makes it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from streaming.engine.model.model_file import ModelFile, describe_model
from streaming.engine.model.split import checksums, file_sha256, part_paths
from streaming.errors import ModelError


@dataclass(frozen=True)
class FileType:
    """llama.cpp's number of a representation (`llama_ftype` in llama.h), about how many bits a weight takes, its title.

    The title is llama.cpp's own name, where that is another.
    """

    number: int
    bits: float
    title: str = ""


# What the tuner may try: the plain formats, which cost nothing but memory, the two that llama.cpp computes fastest, and
# two between. Bits as llama.cpp's own README of its quantizer has them.
FILE_TYPES = {
    "BF16": FileType(32, 16),
    "F16": FileType(1, 16),
    "Q8_0": FileType(7, 8.5),
    "Q6_K": FileType(18, 6.6),
    "Q4_K_M": FileType(15, 4.9, "Q4_K - Medium"),
    "Q4_0": FileType(2, 4.6),
}


# What a disk must have left: others, Spark and Kafka among them, write on it, too.
_DISK_RESERVE = 300 * 1024 * 1024
# Where a row is no multiple of a block's width, llama.cpp takes a larger type for it.
_LARGER = 1.3


def is_in(model: ModelFile, representation: str) -> bool:
    """Tell whether a model file is in a representation already."""
    return model.representation in (representation, FILE_TYPES[representation].title)


def llama_build() -> str:
    """Return the version of llama.cpp's binding, which brings one llama.cpp."""
    return version("llama-cpp-python")


def prepared_path(model: ModelFile, representation: str, folder: Path) -> Path:
    """Return where `prepare_representation` keeps a representation of `model`."""
    return folder / f"{model.sha256[:16]}-{representation}-{llama_build()}.gguf"


def prepared_bytes(model: ModelFile, representation: str) -> int:
    """Return about how many bytes a representation of `model` takes."""
    return int(model.parameters * FILE_TYPES[representation].bits / 8)


def prepare_representation(
    model: ModelFile, representation: str, folder: Path, *, seconds: float | None = None
) -> ModelFile:
    """Return `model` in another representation, from `folder`, where it is made when it is not there or was changed.

    It keeps the given file's name. Raises `ModelError` when the given file was changed, `folder` cannot be written or
    has too little room, llama.cpp refuses, or takes more than `seconds` (None: no limit).
    """
    path = prepared_path(model, representation, folder)
    try:
        # Most often it is there, perhaps where this user may only read.
        known = _known(model, path)
        if known is None:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(path.with_suffix(".lock")):
                known = _known(model, path)
                if known is None:
                    known = _make(model, representation, path, seconds)
                    _write(path.with_suffix(".json"), json.dumps(known, indent=2))
    except OSError as error:
        raise ModelError(
            f"The model {model.name} as {representation} cannot be kept in {folder}: {error.strerror or error}; free "
            "some space or give this user the right to it, or use the model as given: --representation given."
        ) from error
    return replace(
        model,
        path=path,
        representation=representation,
        bytes=int(known["bytes"]),
        file_bytes=int(known["file_bytes"]),
        sha256=str(known["sha256"]),
    )


def adopt(made: ModelFile, folder: Path) -> None:
    """Move a prepared file to another folder of the same disk, where `prepare_representation` finds the file.

    Raises `ModelError`.
    """
    path = folder / made.path.name
    try:
        with _locked(path.with_suffix(".lock")):
            made.path.replace(path)
            made.path.with_suffix(".json").replace(path.with_suffix(".json"))
    except OSError as error:
        raise ModelError(f"{made.path} cannot be moved to {folder}: {error.strerror}.") from error


def _known(model: ModelFile, path: Path) -> dict[str, str | int] | None:
    """Return what is known of a prepared file; None when it is not there, or is not what it was."""
    try:
        known: dict[str, str | int] = json.loads(path.with_suffix(".json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(known, dict) or not {"sha256", "bytes", "file_bytes"} <= set(known):
        return None
    if known.get("made_from") != model.sha256 or not path.is_file() or file_sha256(path) != known["sha256"]:
        return None
    return known


def _make(model: ModelFile, representation: str, path: Path, seconds: float | None) -> dict[str, str | int]:
    if checksums(part_paths(model.path)).whole != model.sha256:
        raise ModelError(f"The model file {model.path} is not the one that was described; start again.")
    needed = int(prepared_bytes(model, representation) * _LARGER) + _DISK_RESERVE
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise ModelError(
            f"The model {model.name} as {representation} needs {needed / 1e6:,.0f} MB of disk, and "
            f"{free / 1e6:,.0f} MB are free in {path.parent}; free some, or use the model as given: --representation "
            "given."
        )
    # Ends in .gguf, too, because only such a file is described.
    partial = path.with_name(f"partial-{path.name}")
    try:
        _quantize(model, representation, partial, seconds)
        found = describe_model(str(partial))
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return {
        "representation": representation,
        "made_from": model.sha256,
        "sha256": found.sha256,
        "bytes": found.bytes,
        "file_bytes": found.file_bytes,
    }


def _quantize(model: ModelFile, representation: str, target: Path, seconds: float | None) -> None:
    command = [sys.executable, "-m", "streaming.engine.model.quantize_file"]
    command += [str(model.path), str(target), representation, str(os.cpu_count() or 1)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"making {representation} took longer than {seconds:,.0f} s") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"the quantizer ended with {done.returncode}"
        raise ModelError(
            f"llama.cpp cannot make {representation} of the model file {model.path}: {reason}; use it as given: "
            "--representation given."
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of one representation; another process may be making it."""
    with path.open("a") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_suffix(".new")
    partial.write_text(text)
    partial.replace(path)
