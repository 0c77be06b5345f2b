"""Compiles the text of a .proto file, for registries that do not give the descriptor of a Protobuf schema.

protoc does it, in a process of its own and a folder of its own; it comes with grpcio-tools, which gistream's extra
`protoc` installs. Whoever registers a schema chooses the names of the files that it imports, so none of them lies where
Python looks for modules.
"""

from __future__ import annotations

import errno
import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from streaming.errors import BadInput, UsageError

_MAIN = "registered_by_gistream.proto"
# protoc takes half a second for the largest file that was tried.
_SECONDS = 30
# What is wrong with a name, not with the disk.
_NO_NAME = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL})


def compiled(text: str, imports: Mapping[str, str]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return the descriptor of a file, and those of the files that it imports, each behind those that it imports.

    Raises `BadInput` (SchemaMismatch) for a text that protoc does not take, and `UsageError` without protoc.
    """
    if importlib.util.find_spec("grpc_tools") is None:
        raise UsageError(
            "The schema registry gives Protobuf schemas as text, not as descriptors, and to compile them gistream "
            "needs its extra 'protoc': pip install 'gistream[protoc]'."
        )
    with TemporaryDirectory(prefix="gistream-proto-") as name:
        sources, output, empty = Path(name, "sources"), Path(name, "descriptors"), Path(name, "empty")
        empty.mkdir()
        for path, content in {**imports, _MAIN: text}.items():
            _write(sources, path, content)
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{sources}", "--include_imports"]
        command += [f"--descriptor_set_out={output}", str(sources / _MAIN)]
        try:
            # Python runs modules of the working folder: a file grpc_tools/__init__.py there would be run.
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS, cwd=empty)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise BadInput("protoc cannot compile its Protobuf schema", type="SchemaMismatch") from error
        files = FileDescriptorSet.FromString(output.read_bytes()).file
    raw = [(file.name, file.SerializeToString()) for file in files]
    return raw[-1][1], raw[:-1]


def _write(folder: Path, path: str, content: str) -> None:
    """Write a file that others import by its path; a path that leads out of the folder, or is none, is refused."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise BadInput("its Protobuf schema imports a file by a path that leads elsewhere", type="SchemaMismatch")
    try:
        (folder / parts.parent).mkdir(parents=True, exist_ok=True)
        (folder / parts).write_text(content, encoding="utf-8")
    except (OSError, ValueError) as error:
        # A file below another file, a name that is too long, a character that no file can have.
        if isinstance(error, OSError) and error.errno not in _NO_NAME:
            raise
        raise BadInput("its Protobuf schema imports files that cannot be written", type="SchemaMismatch") from error
