"""A folder on any file system that pyarrow opens, in which a file is either whole or not there.

On a disk, and on HDFS, a file is built in `_building` and moved to its place by one rename; an object store shows an
object when its one upload is complete. Replacing a file is the same step; only HDFS removes the old one first.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from streaming.errors import MachineError, UsageError
from streaming.settings import without_login

BUILDING = "_building"
_SUFFIX = ".parquet"
_LOCK = "lock"
# A reader that is listing a folder when it is replaced goes on listing it; that takes milliseconds, on a slow network
# file system perhaps seconds.
_KEPT_SECONDS = 60


@dataclass(frozen=True)
class File:
    """A Parquet file: its path in the location; size and time tell it from another file of the same name."""

    path: str
    bytes: int
    modified: int


class ArchiveLocation:
    """The folder that a path or URL names; the methods take paths relative to it."""

    def __init__(self, url: str) -> None:
        """Find the file system; raises `UsageError` when no such one is known, `MachineError` when it fails."""
        where = url if "://" in url else str(Path(url).expanduser().absolute())
        self.url = without_login(where)
        try:
            self._fs, self._root = fs.FileSystem.from_uri(where)
        except (ValueError, pa.ArrowInvalid) as error:
            said = without_login(str(error))
            raise UsageError(
                f"'{self.url}' is no place for Parquet files: {said}; it takes a folder, or a URL such as s3://bucket/folder."
            ) from error
        except OSError as error:
            raise MachineError(f"{self.url} cannot be opened: {without_login(str(error))}.") from error

    @property
    def local(self) -> Path | None:
        """The folder on this machine's disk; None when it is elsewhere."""
        return Path(self._root) if isinstance(self._fs, fs.LocalFileSystem) else None

    def check(self) -> str:
        """Say whether files could be written, without creating the folder; raises `MachineError`."""
        if self.local is None:
            self.open()
            return f"{self.url} can be written"
        there = next(path for path in (self.local, *self.local.parents) if path.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise MachineError(f"{self.url} cannot be written: {there} does not allow it; choose another place.")
        return f"{self.url} can be written" + ("" if there == self.local else ", and will be made")

    def open(self) -> None:
        """Make sure that files can be written, and sweep; raises `MachineError`."""
        probe = f"{BUILDING}/probe-{os.getpid()}"
        with self._explained("written"):
            self._make_folder(probe)
            self._write(probe, pa.py_buffer(b""))
            self._fs.delete_file(self._at(probe))
        self.sweep()

    def sweep(self) -> None:
        """Remove what was being built by a process that has been killed, and what a compaction has replaced."""
        if self.local is None:
            return
        with self.locked(), self._explained("written"):
            for left in (self.local / BUILDING).iterdir():
                if left.name != _LOCK and time.time() - left.stat().st_mtime > _KEPT_SECONDS:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()

    def files(self, folder: str) -> list[File]:
        """Return the Parquet files below a folder, by path; none when there is no such folder."""
        with self._explained("read"):
            found = self._fs.get_file_info(fs.FileSelector(self._at(folder), recursive=True, allow_not_found=True))
        return sorted(
            (
                File(str(PurePosixPath(info.path).relative_to(self._root)), info.size, info.mtime_ns or 0)
                for info in found
                if info.type == fs.FileType.File and info.path.endswith(_SUFFIX)
            ),
            key=lambda file: file.path,
        )

    def read(self, path: str, columns: list[str] | None = None) -> pa.Table:
        """Return a file's rows; raises `MachineError` when it cannot be read."""
        with self._explained("read", path), self._fs.open_input_file(self._at(path)) as file:
            return pq.ParquetFile(file).read(columns=columns)

    def publish(self, path: str, rows: pa.Table) -> None:
        """Put a file of `rows` at `path`, in the place of the one that may be there, in one step."""
        with self._explained("written"):
            content = pa.BufferOutputStream()
            # Every reader has zstd, and of prose it leaves less than snappy, the default, does.
            pq.write_table(rows, content, compression="zstd")
            if not self._renames:
                self._write(path, content.getvalue())
                return
            building = f"{BUILDING}/{path.replace('/', '-')}"
            self._make_folder(building)
            self._write(building, content.getvalue())
            if self.local is not None:
                # Else the rename may reach the disk before the content does, and a power cut come between.
                flush(self.local / building)
            self._move(building, path)
            if self.local is not None:
                flush((self.local / path).parent)

    def remove(self, path: str) -> None:
        """Remove a file that is there."""
        with self._explained("written"):
            self._fs.delete_file(self._at(path))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time change what is here; on a disk only, elsewhere there is nothing to hold."""
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
        # Where a file that is being written can be seen, and a rename is one step.
        return self._fs.type_name in ("local", "hdfs")

    def _write(self, path: str, content: pa.Buffer) -> None:
        with self._fs.open_output_stream(self._at(path)) as file:
            file.write(content)

    def _move(self, path: str, to: str) -> None:
        self._make_folder(to)
        if self._fs.type_name == "hdfs" and self._fs.get_file_info(self._at(to)).type != fs.FileType.NotFound:
            # HDFS does not rename over a file. This happens when a batch is repeated, and then the same rows follow.
            self._fs.delete_file(self._at(to))
        self._fs.move(self._at(path), self._at(to))

    def _make_folder(self, path: str) -> None:
        """Make the folder of a file; an object store has none."""
        if self._renames:
            self._fs.create_dir(str(PurePosixPath(self._at(path)).parent), recursive=True)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _explained(self, what: str, path: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MachineError(
                f"{self.url} cannot be {what}: {without_login(str(error))}; give this user the right to it, or free "
                "some space."
            ) from error
        except pa.ArrowInvalid as error:
            raise MachineError(f"{path} in {self.url} cannot be read: {error}; remove it or restore it.") from error


def flush(path: Path) -> None:
    """Have a file's content, or a folder's names, on the disk; raises `OSError`."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
