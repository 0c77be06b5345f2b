"""The files of a watched folder: which there are now, and which of them may become documents.

Item: a file with its stamp. Left out: hidden files and folders, files that another program is still writing under a
temporary name, links, what is no ordinary file, and the folders for files that are done or failed. No file is opened
here.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

# What browsers, editors, rsync, scp and office programs call a file that is not finished, or that is theirs alone.
_TEMPORARY = re.compile(
    r".*(\.(part|partial|tmp|temp|crdownload|download|filepart|opdownload|sw[opx]|lock|bak)|~)|~\$.*|#.*#",
    re.IGNORECASE,
)
# The state keeps 64 bits; a file may be of the year 2400.
_LAST_TIME = 2**63 - 1


@dataclass(frozen=True)
class Stamp:
    """What tells a file from a changed one without reading it: bytes, and two times in ns since 1970.

    A program may set `modified` back, as an unpacked archive does; `changed` it cannot set.
    """

    size: int
    modified: int
    changed: int


@dataclass(frozen=True)
class FoundFile:
    """A file by its path within the folder, which has "/" between its parts."""

    name: str
    stamp: Stamp


@dataclass
class WatchedFolder:
    """A folder, the names in it that are read, and the folders in it that are not.

    `unreadable` are the folders that the last scan could not list; of the files below these nobody knows whether they
    are still there. `links` are the links out of the folder that it saw; no scan follows them. `skipped` counts the
    files of other names by their suffix.
    """

    path: Path
    is_wanted: Callable[[str], bool]
    excluded: Collection[Path] = ()
    unreadable: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._root = str(self.path)

    def identity(self) -> tuple[int, int]:
        """Return device and number of the folder itself; another folder at its place has others. Raises `OSError`."""
        status = self.path.stat()
        return status.st_dev, status.st_ino

    def files(self, below: str = "") -> Iterator[FoundFile]:
        """List the files, or those below a folder; raises `OSError` when the watched folder itself cannot be listed."""
        if not below:
            self.unreadable, self.links, self.skipped = {}, [], Counter()
        folders = [below]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(self.path / folder) as entries:
                    for entry in entries:
                        name = f"{folder}/{entry.name}" if folder else entry.name
                        if self._is_left_out(entry.name):
                            continue
                        if entry.is_symlink():
                            self._note_link(name)
                        elif entry.is_dir(follow_symlinks=False):
                            if self.path / name not in self.excluded:
                                folders.append(name)
                        elif not self.is_wanted(name):
                            self.skipped[PurePosixPath(name).suffix.lower() or "without an ending"] += 1
                        elif (file := self._status(name)) is not None:
                            yield file
            except FileNotFoundError:
                # A folder in the folder that was deleted or renamed while it was listed.
                if not folder:
                    raise
            except OSError as error:
                if not folder:
                    raise
                self.unreadable[folder] = error.strerror or str(error)

    def look(self, name: str) -> FoundFile | None:
        """Return one file as it is now; None when it is not there, or may not become a document."""
        if not self.is_wanted(name) or any(map(self._is_left_out, PurePosixPath(name).parts)):
            return None
        return self._status(name)

    def _status(self, name: str) -> FoundFile | None:
        try:
            # Without pathlib, which would take a third of a scan.
            status = os.lstat(f"{self._root}/{name}")
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return FoundFile(name, Stamp(status.st_size, min(status.st_mtime_ns, _LAST_TIME), status.st_ctime_ns))

    def is_gone(self, name: str) -> bool:
        """Tell whether a file is certainly not there; an error of the file system leaves it open."""
        try:
            (self.path / name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            pass
        return False

    def name_of(self, path: Path) -> str | None:
        """Return the name of a path in the folder; None for the folder itself, and for what is not looked into.

        A system may tell of files behind a link, too.
        """
        if path.parent != path.parent.resolve():
            return None
        if not path.is_relative_to(self.path) or any(path.is_relative_to(folder) for folder in self.excluded):
            return None
        name = path.relative_to(self.path).as_posix()
        return None if name == "." else name

    def hides(self, name: str) -> bool:
        """Tell whether the last scan could not see if a file is still there."""
        return any(name.startswith(f"{folder}/") for folder in self.unreadable)

    @staticmethod
    def _is_left_out(part: str) -> bool:
        return part.startswith(".") or _TEMPORARY.fullmatch(part) is not None

    def _note_link(self, name: str) -> None:
        # One within the folder leads to a file that is listed under its own name.
        if not Path(os.path.realpath(self.path / name)).is_relative_to(os.path.realpath(self.path)):
            self.links.append(name)


def matches(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return whether a name fits one of the patterns: its last part, or with a "/" in the pattern its whole path."""

    def is_match(name: str) -> bool:
        last = name.rpartition("/")[2]
        return any(fnmatchcase(name if "/" in pattern else last, pattern) for pattern in patterns)

    return is_match
