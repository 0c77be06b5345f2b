"""The folder of an engine process: its socket can be bound wherever temporary files are."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from streaming.engine.process.folder import engine_folder


@pytest.mark.parametrize("name", ["my data, old", "a#b:c=%20 d", "ü" * 30, "ü" * 60, "x" * 200])
def test_the_socket_can_be_bound_whatever_the_name_of_the_temporary_folder(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # A short beginning, so that characters and bytes of the name make the difference.
    temporary = Path("/tmp", f"{os.getpid()}-{name}"[:100])
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    folder = engine_folder(os.getpid(), "f" * 64)
    try:
        folder.open()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder.socket))
    finally:
        folder.remove()
        for path in (temporary / f"gistream-{os.getuid()}", temporary):
            if path.is_dir():
                path.rmdir()
