"""The folders by which engine processes are found, one for each; only this user can enter them.

    <temporary files>/gistream-<user id>/            0700
        lock                                          held while an engine process is started or its folder removed
        <owner's process id>-<digest of the recipe>/
            socket  secret  pid  child
        path-<digest of a path>                       a link to a folder whose name Spark cannot have in its settings

The path is short, because a socket's path has at most about 100 bytes on every system. It is not under the run-time
directory of a login: that directory is removed when the user logs out, and a service continues.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from streaming.errors import EngineError

# `sun_path` has 108 bytes on Linux and 104 on macOS, with a zero at the end.
_MAX_PATH_BYTES = 103
_SECRET_BYTES = 32
# How the names of links begin that Spark has here.
LINK = "path-"


@dataclass(frozen=True)
class EngineFolder:
    """The folder of one engine process."""

    path: Path

    @property
    def socket(self) -> Path:
        """The socket on which the process listens."""
        return self.path / "socket"

    @property
    def owner(self) -> int:
        """The process id of the executor."""
        return int(self.path.name.partition("-")[0])

    def secret(self) -> str:
        """Return the secret that a worker sends first; empty when the folder has been removed."""
        return self._read("secret")

    def pids(self) -> list[int]:
        """Return the ids of the process that listens, or listened last, and of its child."""
        return [int(number) for name in ("pid", "child") if (number := self._read(name)).isdecimal()]

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def open(self) -> None:
        """Make the folder again, with a new secret."""
        self.remove()
        self.path.mkdir(mode=0o700)
        descriptor = os.open(self.path / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_SECRET_BYTES))

    def mark(self, name: Literal["pid", "child"], pid: int) -> None:
        """Write down which process listens here now, or is its child, unless the folder has been removed."""
        with suppress(FileNotFoundError):
            (self.path / name).write_text(str(pid))

    def touch(self) -> None:
        """Set the time of every file to now, so that no cleaner of temporary files removes them."""
        root = self.path.parent
        for path in (root, root / "lock", *root.glob(f"{LINK}*"), self.path, *self.path.iterdir()):
            with suppress(FileNotFoundError):
                os.utime(path, follow_symlinks=False)

    def remove(self) -> None:
        """Remove the folder, if it exists."""
        shutil.rmtree(self.path, ignore_errors=True)


def engine_folder(owner: int, digest: str) -> EngineFolder:
    """Return the folder of the engine that process `owner` has for the recipe of `digest`; raises `EngineError`."""
    return EngineFolder(_root() / f"{owner}-{digest[:16]}")


def engine_folders() -> list[EngineFolder]:
    """Return the folders of this user's engine processes, also of killed ones."""
    return [EngineFolder(path) for path in sorted(_root().iterdir()) if path.is_dir() and path.name[0].isdecimal()]


def sweep() -> None:
    """Remove the folders of owners that have ended; the caller holds the lock."""
    for folder in engine_folders():
        if not psutil.pid_exists(folder.owner):
            folder.remove()


@contextmanager
def locked() -> Iterator[None]:
    """Wait for the lock of this user's engine processes, and hold it."""
    descriptor = os.open(_root() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def private_folder(temporary: str) -> Path:
    """Return this user's folder below `temporary`; raises `EngineError` when somebody else can enter it."""
    root = Path(temporary) / _private_name()
    root.mkdir(mode=0o700, exist_ok=True)
    # A folder that existed before may belong to another user.
    status = root.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) != 0o700:
        raise EngineError(
            f"{root} must be a folder of this user with mode 0700, and is not; remove it, or set TMPDIR to another "
            "place for temporary files."
        )
    return root


def _private_name() -> str:
    return f"gistream-{os.getuid()}"


def _root() -> Path:
    """Return the folder of this user's engine processes; raises `EngineError` when somebody else can enter it."""
    suffix_bytes = len(f"/{_private_name()}/{2**22}-{'f' * 16}/socket")
    temporary = tempfile.gettempdir()
    fits = len(os.fsencode(temporary)) + suffix_bytes <= _MAX_PATH_BYTES
    return private_folder(temporary if fits else "/tmp")  # noqa: S108 - nobody else can enter it
