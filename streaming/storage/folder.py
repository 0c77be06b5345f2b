"""A folder on any file system that pyarrow opens; a file in it is either complete or absent.

On a disk and on HDFS a file is built in `_building` and then moved by one rename; an object store shows an object when
its upload is complete. A file is replaced in the same step; HDFS alone deletes the old file first.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
from pyarrow import fs

from streaming.errors import MachineError, UsageError
from streaming.settings import without_login

BUILDING = "_building"
_LOCK = "lock"
# A reader may still be listing a folder that was replaced: for milliseconds, on a slow network file system for seconds.
_SWEEP_SECONDS = 60


@dataclass(frozen=True)
class File:
    """A file: its path in the folder; size and time (ns since 1970) tell it from another file of the same name."""

    path: str
    bytes: int
    modified: int


class Folder:
    """The folder that a path or URL names; the methods take paths relative to it."""

    def __init__(self, url: str) -> None:
        """Find the file system; raises `UsageError` for an unknown file system, `MachineError` when it fails."""
        full_url = url if "://" in url else str(Path(url).expanduser().absolute())
        self.url = without_login(full_url)
        try:
            self._fs, self._root = fs.FileSystem.from_uri(full_url)
        except (ValueError, pa.ArrowInvalid) as error:
            reason = without_login(str(error))
            raise UsageError(
                f"'{self.url}' cannot hold files: {reason}; name a folder, or a URL such as s3://bucket/folder."
            ) from error
        except OSError as error:
            raise MachineError(f"{self.url} cannot be opened: {without_login(str(error))}.") from error

    @property
    def local(self) -> Path | None:
        """The folder on this machine's disk; None when it is elsewhere."""
        return Path(self._root) if isinstance(self._fs, fs.LocalFileSystem) else None

    @property
    def file_system(self) -> fs.FileSystem:
        """The file system of the folder."""
        return self._fs

    @property
    def path(self) -> str:
        """The folder's path in its file system."""
        return str(self._root)

    def check(self) -> str:
        """Check that files could be written, without creating the folder; raises `MachineError`."""
        if self.local is None:
            self.open()
            return f"{self.url} can be written"
        existing = next(path for path in (self.local, *self.local.parents) if path.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            raise MachineError(f"{self.url} cannot be written: {existing} does not allow it; choose another folder.")
        return f"{self.url} can be written" + ("" if existing == self.local else ", and will be created")

    def open(self) -> None:
        """Write and delete a file to prove that files can be written, and sweep; raises `MachineError`."""
        probe = f"{BUILDING}/probe-{os.getpid()}"
        with self._explained("written"):
            self._make_folder(probe)
            self._write(probe, pa.py_buffer(b""))
            self._fs.delete_file(self._at(probe))
        self.sweep()

    def sweep(self) -> None:
        """Delete the unfinished files of killed processes, and the files that a compaction has replaced."""
        if self.local is None:
            return
        with self.locked(), self._explained("written"):
            for path in (self.local / BUILDING).iterdir():
                if path.name != _LOCK and time.time() - path.stat().st_mtime > _SWEEP_SECONDS:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def files(self, folder: str, suffix: str) -> list[File]:
        """Return the files below a folder whose names end in `suffix`, by path; none when it does not exist."""
        with self._explained("read"):
            infos = self._fs.get_file_info(fs.FileSelector(self._at(folder), recursive=True, allow_not_found=True))
        return sorted(
            (
                File(str(PurePosixPath(info.path).relative_to(self._root)), info.size, info.mtime_ns or 0)
                for info in infos
                if info.type == fs.FileType.File and info.path.endswith(suffix)
            ),
            key=lambda file: file.path,
        )

    def find(self, path: str) -> File | None:
        """Return the file at a path, None when there is none; raises `MachineError`."""
        with self._explained("read", path):
            info = self._fs.get_file_info(self._at(path))
        return File(path, info.size, info.mtime_ns or 0) if info.type == fs.FileType.File else None

    @contextmanager
    def reading(self, path: str) -> Iterator[pa.NativeFile]:
        """Open a file for reading; raises `MachineError` when it cannot be read."""
        with self._explained("read", path), self._fs.open_input_file(self._at(path)) as file:
            yield file

    def read_bytes(self, path: str) -> bytes | None:
        """Return a file's content, None when it does not exist; raises `MachineError` when it cannot be read."""
        with self._explained("read", path):
            try:
                with self._fs.open_input_stream(self._at(path)) as file:
                    content: bytes = file.read()
            except FileNotFoundError:
                return None
        return content

    def write(self, path: str, content: pa.Buffer, *, durable: bool = True) -> None:
        """Write the file `path` in one step; an existing file is replaced.

        A `durable` file on a disk survives a power cut from then on. Raises `MachineError`.
        """
        with self._explained("written"):
            if not self._renames:
                self._write(path, content)
                return
            # Two writers of one path build two files, and one of them is renamed last.
            building = f"{BUILDING}/{uuid.uuid4().hex}"
            self._make_folder(building)
            try:
                self._write(building, content)
            except OSError:
                # A full disk is not helped by half a file.
                with suppress(OSError):
                    self._fs.delete_file(self._at(building))
                raise
            flushed = self.local if durable else None
            if flushed is not None:
                # Otherwise the rename may reach the disk before the content, and a power cut may come between.
                flush(flushed / building)
            self._move(building, path)
            if flushed is not None:
                flush((flushed / path).parent)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        with self._explained("written"), suppress(FileNotFoundError):
            self._fs.delete_file(self._at(path))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time change the files; only a disk has a lock."""
        if self.local is None:
            yield
            return
        with self._explained("written"):
            self._make_folder(f"{BUILDING}/{_LOCK}")
            lock = (self.local / BUILDING / _LOCK).open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def _renames(self) -> bool:
        # These show a file that is being written, and rename in one step.
        return self._fs.type_name in ("local", "hdfs")

    def _write(self, path: str, content: pa.Buffer) -> None:
        with self._fs.open_output_stream(self._at(path)) as file:
            file.write(content)

    def _move(self, path: str, target: str) -> None:
        self._make_folder(target)
        if self._fs.type_name == "hdfs" and self._fs.get_file_info(self._at(target)).type != fs.FileType.NotFound:
            # HDFS does not rename over a file. This happens when a batch is repeated: the same rows follow at once.
            self._fs.delete_file(self._at(target))
        self._fs.move(self._at(path), self._at(target))

    def _make_folder(self, path: str) -> None:
        """Make the folder of a file; an object store has no folders."""
        if self._renames:
            self._fs.create_dir(str(PurePosixPath(self._at(path)).parent), recursive=True)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _explained(self, action: str, path: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MachineError(
                f"{self.url} cannot be {action}: {without_login(str(error))}; give this user the right to it, or free "
                "some space."
            ) from error
        except pa.ArrowInvalid as error:
            raise MachineError(f"{path} in {self.url} cannot be read: {error}; remove it or restore it.") from error


def flush(path: Path) -> None:
    """Flush a file's content, or a folder's names, to the disk; raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
