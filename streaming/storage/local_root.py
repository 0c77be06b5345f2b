"""A root on this machine's disks: a file below it is opened, and nothing else, whatever links and names there are.

A link within the root is followed, a link out of it is not. The real path is found first and then walked from the root
down without following any link, so that one who swaps a folder for a link meanwhile gets an error and no file. What is
no regular file is not opened: to open a FIFO blocks, and to open a device may do something.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import NoReturn

from streaming.errors import BadInput, MachineError, StorageAway
from streaming.storage.root_file import RootFile

# Linux opens a folder to walk through it also where its names may not be listed.
_WALK = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})


class LocalRoot:
    """The folder `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> None:
        """Raise `StorageAway` when the folder is not there, `MachineError` when it cannot be read."""
        os.close(self._open_root())

    def open(self, parts: tuple[str, ...], uri: str) -> RootFile:
        """Open the file at `parts` below the root, which messages call `uri`.

        Raises `BadInput` (UriNotAllowed, UriNotFound, UriNoFile, UriNotReadable), and as `check`.
        """
        folder = self._open_root()
        try:
            inner = self._real_parts(parts, uri)
            for name in inner[:-1]:
                folder, outer = os.open(name, _WALK | os.O_NOFOLLOW, dir_fd=folder), folder
                os.close(outer)
            return self._open_file(folder, inner[-1], uri)
        except OSError as error:
            self._explain(error, uri)
        finally:
            os.close(folder)

    def _open_root(self) -> int:
        try:
            descriptor = os.open(self._path, _WALK)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StorageAway(
                f"{self._path}, one of uri_roots, is no folder on this machine; mount it or create it, or correct "
                "uri_roots. Nothing of the running batch was committed."
            ) from error
        except PermissionError as error:
            raise self._forbidden() from error
        except OSError as error:
            raise self._away(error) from error
        if not os.access(self._path, os.X_OK):
            os.close(descriptor)
            raise self._forbidden()
        return descriptor

    def _forbidden(self) -> MachineError:
        return MachineError(
            f"{self._path}, one of uri_roots, cannot be read by this user; give the user the right to it."
        )

    def _real_parts(self, parts: tuple[str, ...], uri: str) -> tuple[str, ...]:
        root = Path(os.path.realpath(self._path))
        real = Path(os.path.realpath(root.joinpath(*parts)))
        if root not in real.parents:
            raise BadInput(f"{uri} leads out of {self._path} through a link", type="UriNotAllowed")
        return real.relative_to(root).parts

    def _open_file(self, folder: int, name: str, uri: str) -> RootFile:
        _check_regular(os.stat(name, dir_fd=folder, follow_symlinks=False), uri)
        descriptor = os.open(name, _READ, dir_fd=folder)
        try:
            status = os.fstat(descriptor)
            _check_regular(status, uri)
            return RootFile(os.fdopen(descriptor, "rb"), status.st_size, self._away)
        except BaseException:
            os.close(descriptor)
            raise

    def _explain(self, error: OSError, uri: str) -> NoReturn:
        if error.errno in _GONE:
            # With the root gone every file is.
            self.check()
            raise BadInput(f"there is no file {uri}", type="UriNotFound") from error
        if isinstance(error, PermissionError):
            raise BadInput(f"this user may not read {uri}", type="UriNotReadable") from error
        if error.errno == errno.ELOOP:
            raise BadInput(f"{uri} leads through a link that was changed", type="UriNotAllowed") from error
        raise self._away(error) from error

    def _away(self, error: OSError) -> StorageAway:
        return StorageAway(
            f"{self._path}, one of uri_roots, cannot be read: {error.strerror or error}. Nothing of the running batch "
            "was committed."
        )


def _check_regular(status: os.stat_result, uri: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a link, a FIFO, a socket or a device"
        raise BadInput(f"{uri} is {kind}, no regular file", type="UriNoFile")
