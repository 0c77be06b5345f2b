"""The files that a call names, and what each is called.

A file is called by its path: one of a folder by its path within that folder, one that was named itself by its path from
the working directory, or by its absolute path when it lies elsewhere. So the name of a file depends on how it was named
and on nothing else in the call.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from producers.formats.kinds import BESIDE_DOCUMENTS, SUFFIXES, is_known
from streaming.errors import NoDocuments, UsageError
from streaming.wording import counted

_SUFFIX_LIST = ", ".join(SUFFIXES)
# Standard input as a file, and what documents from it are called.
STDIN = Path("/dev/stdin")
STDIN_NAME = "stdin"


@dataclass(frozen=True)
class FileNames:
    """The files of a call, in their order; `skipped` counts the other files of its folders by their suffix.

    Each file has the folder that the call names, or None when the call names the file itself.
    """

    folders: dict[Path, Path | None]
    skipped: Counter[str]

    def paths(self) -> dict[Path, str]:
        """Return the name of each file: its path, as the module says; raises `UsageError` when two have one name."""
        return _distinct(
            self.folders,
            lambda file: _path(file, self.folders[file]),
            "name the folder that holds both, or the files themselves",
        )

    def last_parts(self) -> dict[Path, str]:
        """Return the last part of each file's path; raises `UsageError` when two have the same."""
        return _distinct(self.folders, lambda file: file.name, "take --id path")

    def skipped_line(self) -> str | None:
        """Return the line that says what was skipped, by kind and count, the most frequent kind first."""
        if not self.skipped:
            return None
        by_count = sorted(self.skipped.items(), key=lambda kind: (-kind[1], kind[0]))
        kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in by_count)
        return (
            f"skipped {counted(self.skipped.total(), 'file')} of other kinds: {kinds} (name a file to have it read "
            "whatever its ending)"
        )


def find_files(paths: Iterable[Path]) -> FileNames:
    """Return the files that `paths` name, the files of a folder sorted; a file that is named twice counts once.

    Raises `UsageError` for a path that is not there, and `NoDocuments` when there is no file to read.
    """
    paths = list(paths)
    folders: dict[Path, Path | None] = {}
    taken: set[Path] = set()
    skipped: dict[Path, str] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no file or folder {path}.")
        folder = path if path.is_dir() else None
        for file in [path] if folder is None else sorted(file for file in path.rglob("*") if file.is_file()):
            # One file is one document, however often and in whatever spelling the call names it.
            resolved = file.resolve()
            if resolved in taken:
                continue
            if folder is None or is_known(file):
                taken.add(resolved)
                folders[file] = folder
            elif not _hidden(file, folder):
                skipped[resolved] = file.suffix.lower() or "without an ending"
    names = FileNames(folders, Counter(suffix for file, suffix in skipped.items() if file not in taken))
    if not folders:
        others = f"; {line}" if (line := names.skipped_line()) else ""
        raise NoDocuments(
            f"There are no files to read in {', '.join(map(str, paths))}{others}; those of a folder end in "
            f"{_SUFFIX_LIST}, also with .gz or .zst."
        )
    return names


def _hidden(file: Path, folder: Path) -> bool:
    """Return whether a file is the system's or a program's own (.DS_Store, .git), which nobody misses."""
    return any(part.startswith((".", *BESIDE_DOCUMENTS)) for part in file.relative_to(folder).parts)


def _path(file: Path, folder: Path | None) -> str:
    if folder is not None:
        return file.relative_to(folder).as_posix()
    if file == STDIN:
        return STDIN_NAME
    # The user's own spelling: a link keeps its name, and only ".." and "." are worked out.
    here, place = Path.cwd(), Path(os.path.abspath(file))  # noqa: PTH100 - resolve() would follow links
    return (place.relative_to(here) if place.is_relative_to(here) else place).as_posix()


def _distinct(files: Iterable[Path], name_of: Callable[[Path], str], remedy: str) -> dict[Path, str]:
    names: dict[Path, str] = {}
    by_name: dict[str, Path] = {}
    for file in files:
        # A file name may hold bytes that are no text; an id must not.
        name = names[file] = name_of(file).encode(errors="replace").decode()
        if (other := by_name.setdefault(name, file)) is not file:
            raise UsageError(
                f"{other} and {file} would both have the id '{name}', and the later one would replace the earlier; "
                f"{remedy}."
            )
    return names
