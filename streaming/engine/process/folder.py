"""Where an engine process is found: a folder for each, which only this user can enter.

    <temporary files>/gistream-<user id>/            0700
        lock                                          held while an engine process is started or its folder removed
        <owner's process id>-<digest of the recipe>/
            socket  secret  pid  child

Short, because the path of a socket ends at about 100 bytes on every system. Not under the run-time directory that a
login gives its user: that one is taken away when they log out, and a service goes on.
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
_LONGEST_PATH = 103
_SECRET_BYTES = 32


@dataclass(frozen=True)
class EngineFolder:
    """The folder of one engine process."""

    path: Path

    @property
    def socket(self) -> Path:
        """Where the process listens."""
        return self.path / "socket"

    @property
    def owner(self) -> int:
        """The process id of the executor."""
        return int(self.path.name.partition("-")[0])

    def secret(self) -> str:
        """Return what a worker says first; empty when the folder is not there any more."""
        return self._read("secret")

    def pids(self) -> list[int]:
        """Return the ids of the process that listens, or last did, and of its child."""
        return [int(number) for name in ("pid", "child") if (number := self._read(name)).isdecimal()]

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def open(self) -> None:
        """Make the folder anew, with a new secret."""
        self.remove()
        self.path.mkdir(mode=0o700)
        descriptor = os.open(self.path / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_SECRET_BYTES))

    def mark(self, name: Literal["pid", "child"], pid: int) -> None:
        """Note which process listens here now, or which is its child; nothing when the folder was cleared away."""
        with suppress(FileNotFoundError):
            (self.path / name).write_text(str(pid))

    def touch(self) -> None:
        """Keep what clears old temporary files away."""
        for path in (self.path.parent, self.path.parent / "lock", self.path, *self.path.iterdir()):
            with suppress(FileNotFoundError):
                os.utime(path)

    def remove(self) -> None:
        """Remove the folder, if it is there."""
        shutil.rmtree(self.path, ignore_errors=True)


def engine_folder(owner: int, digest: str) -> EngineFolder:
    """Return the folder of the engine that process `owner` has for a recipe; raises `EngineError`."""
    return EngineFolder(_base() / f"{owner}-{digest[:16]}")


def engine_folders() -> list[EngineFolder]:
    """Return the folders of this user's engine processes, also of those that were killed."""
    return [EngineFolder(path) for path in sorted(_base().iterdir()) if path.is_dir() and path.name[0].isdecimal()]


def sweep() -> None:
    """Remove the folders of owners that have ended; call it with the lock held."""
    for folder in engine_folders():
        if not psutil.pid_exists(folder.owner):
            folder.remove()


@contextmanager
def locked() -> Iterator[None]:
    """Hold the lock of this user's engine processes; waits for it."""
    descriptor = os.open(_base() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _base() -> Path:
    """Return the folder of this user's engine processes; raises `EngineError` when somebody else can enter it."""
    name = f"gistream-{os.getuid()}"
    longest = len(f"/{name}/{2**22}-{'f' * 16}/socket")
    chosen = tempfile.gettempdir()
    base = Path(chosen if len(chosen) + longest <= _LONGEST_PATH else "/tmp") / name  # noqa: S108 - see below
    base.mkdir(mode=0o700, exist_ok=True)
    # Whoever made it before us must have been us.
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700:
        raise EngineError(
            f"{base} must be a folder of this user with mode 0700, and is not; remove it, or set TMPDIR to another "
            "place for temporary files."
        )
    return base
