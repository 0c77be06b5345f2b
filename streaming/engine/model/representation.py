"""Other representations of a model's weights: made once from the file as given, stored by content, checked when used.

    <folder>/<first digits of the given file's SHA-256>-<representation>-<version of llama.cpp's binding>.gguf
    <the same>.json     facts about the prepared file: checksum and sizes

The same quantizer makes the same bytes of the same file, so an executor without the driver's file makes the file again.
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
from streaming.wording import megabytes


@dataclass(frozen=True)
class FileType:
    """A representation: llama.cpp's `number` (`llama_ftype` in llama.h), about how many `bits` a weight takes.

    `title` is llama.cpp's own name, where that differs.
    """

    number: int
    bits: float
    title: str = ""


# The representations that the tuner may try: the plain formats, which cost nothing but memory, the two that llama.cpp
# computes fastest, and two between. Bits from the README of llama.cpp's quantizer.
FILE_TYPES = {
    "BF16": FileType(32, 16),
    "F16": FileType(1, 16),
    "Q8_0": FileType(7, 8.5),
    "Q6_K": FileType(18, 6.6),
    "Q4_K_M": FileType(15, 4.9, "Q4_K - Medium"),
    "Q4_0": FileType(2, 4.6),
}


# Bytes that must stay free on the disk: other processes, such as Spark and Kafka, write on it, too.
_DISK_RESERVE = 300 * 1024 * 1024
# Where the length of a row is no multiple of a block's width, llama.cpp uses a larger type for the row.
_SIZE_MARGIN = 1.3


def is_in(model: ModelFile, representation: str) -> bool:
    """Tell whether a model file already has a representation."""
    return model.representation in (representation, FILE_TYPES[representation].title)


def llama_build() -> str:
    """Return the version of llama.cpp's binding, which contains one version of llama.cpp."""
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
    """Return `model` in another representation from `folder`, which is made when it is missing or was changed.

    The result keeps the name of the original. Raises `ModelError` when the original was changed, `folder` cannot be
    written or has too little room, or llama.cpp refuses or takes more than `seconds` (None: no limit).
    """
    path = prepared_path(model, representation, folder)
    try:
        # Most often the file exists, perhaps where this user may only read.
        facts = _load_facts(model, path)
        if facts is None:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(path.with_suffix(".lock")):
                facts = _load_facts(model, path)
                if facts is None:
                    facts = _make(model, representation, path, seconds)
                    _write(path.with_suffix(".json"), json.dumps(facts, indent=2))
    except OSError as error:
        raise ModelError(
            f"The model {model.name} as {representation} cannot be kept in {folder}: {error.strerror or error}; free "
            "some space or give this user the right to it, or use the model as given: --representation given."
        ) from error
    return replace(
        model,
        path=path,
        representation=representation,
        bytes=int(facts["bytes"]),
        file_bytes=int(facts["file_bytes"]),
        sha256=str(facts["sha256"]),
    )


def adopt(prepared: ModelFile, folder: Path) -> None:
    """Move a prepared file to another folder of the same disk, where `prepare_representation` finds the file.

    Raises `ModelError`.
    """
    path = folder / prepared.path.name
    try:
        with _locked(path.with_suffix(".lock")):
            prepared.path.replace(path)
            prepared.path.with_suffix(".json").replace(path.with_suffix(".json"))
    except OSError as error:
        raise ModelError(f"{prepared.path} cannot be moved to {folder}: {error.strerror}.") from error


def _load_facts(model: ModelFile, path: Path) -> dict[str, str | int] | None:
    """Return the facts about a prepared file; None when the file is missing or was changed."""
    try:
        facts: dict[str, str | int] = json.loads(path.with_suffix(".json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(facts, dict) or not {"sha256", "bytes", "file_bytes"} <= set(facts):
        return None
    if facts.get("made_from") != model.sha256 or not path.is_file() or file_sha256(path) != facts["sha256"]:
        return None
    return facts


def _make(model: ModelFile, representation: str, path: Path, seconds: float | None) -> dict[str, str | int]:
    if checksums(part_paths(model.path)).whole != model.sha256:
        raise ModelError(f"The model file {model.path} is not the one that was described; start again.")
    needed = int(prepared_bytes(model, representation) * _SIZE_MARGIN) + _DISK_RESERVE
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise ModelError(
            f"The model {model.name} as {representation} needs {megabytes(needed)} of disk, and "
            f"{megabytes(free)} are free in {path.parent}; free some, or use the model as given: --representation "
            "given."
        )
    # Its name ends in .gguf, too, because `describe_model` accepts no other.
    partial = path.with_name(f"partial-{path.name}")
    try:
        _quantize(model, representation, partial, seconds)
        described = describe_model(str(partial))
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return {
        "representation": representation,
        "made_from": model.sha256,
        "sha256": described.sha256,
        "bytes": described.bytes,
        "file_bytes": described.file_bytes,
    }


def _quantize(model: ModelFile, representation: str, target: Path, seconds: float | None) -> None:
    command = [sys.executable, "-m", "streaming.engine.model.quantize_file"]
    command += [str(model.path), str(target), representation, str(os.cpu_count() or 1)]
    try:
        process = subprocess.run(command, capture_output=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"making {representation} took longer than {seconds:,.0f} s") from error
    if process.returncode:
        lines = process.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"the quantizer ended with {process.returncode}"
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
