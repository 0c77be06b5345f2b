"""Looking after a store: its size, whether its entries are whole, and making it smaller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import get_args

from streaming.errors import GistreamError, UsageError
from streaming.storage import File, Folder
from streaming.store.entry import unpack
from streaming.store.store import MARK_SUFFIX, SUFFIX, Kind

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Size:
    """Entries of a kind, and their bytes."""

    kind: Kind
    entries: int
    bytes: int


@dataclass(frozen=True)
class Removed:
    """Entries that were removed, and their bytes."""

    entries: int
    bytes: int


def sizes(folder: Folder) -> list[Size]:
    """Return the size of each kind of entry; raises `MachineError`."""
    found = [(kind, folder.files(kind, SUFFIX)) for kind in KINDS]
    return [Size(kind, len(files), sum(file.bytes for file in files)) for kind, files in found]


def sweep(url: str) -> None:
    """Remove the unfinished files of killed processes from the store at a path or URL, if it is there."""
    # A store that fails is no reason to stop, and says so where it is used.
    with suppress(GistreamError):
        folder = Folder(url)
        if folder.local is not None and folder.local.is_dir():
            folder.sweep()


def damaged(folder: Folder, on_entry: Callable[[], None]) -> Iterator[str]:
    """Yield the path of each entry that would be left out on reading; `on_entry` is called after each entry."""
    for kind in KINDS:
        for file in folder.files(kind, SUFFIX):
            if not _is_whole(folder, file):
                yield file.path
            on_entry()


def collect(
    folder: Folder,
    *,
    older_than: float | None,
    keep_recipes: Collection[str],
    max_bytes: int | None,
    now: float,
    on_entry: Callable[[], None],
) -> Removed:
    """Remove entries older than `older_than` seconds, of other recipes, and the oldest ones beyond `max_bytes`.

    The marks of an entry go with it. `keep_recipes` are recipes or the beginnings of them; without them all recipes
    stay. `now` is in seconds since 1970. Raises `MachineError`, and `UsageError` for a recipe that no entry has.
    """
    marks: dict[str, list[str]] = defaultdict(list)
    for mark in (file.path for kind in KINDS for file in folder.files(kind, MARK_SUFFIX)):
        marks[PurePosixPath(mark).name.partition(".")[0]].append(mark)
    files = sorted((file for kind in KINDS for file in folder.files(kind, SUFFIX)), key=lambda file: file.modified)
    kept = _of_recipes(folder, files, keep_recipes, on_entry) if keep_recipes else {file.path for file in files}
    left = sum(file.bytes for file in files)
    entries = removed = 0
    for file in files:
        if not keep_recipes:
            on_entry()
        old = older_than is not None and now - file.modified / 1e9 > older_than
        if old or file.path not in kept or (max_bytes is not None and left > max_bytes):
            for path in (file.path, *marks.get(PurePosixPath(file.path).stem, ())):
                folder.remove(path)
            left -= file.bytes
            entries, removed = entries + 1, removed + file.bytes
    return Removed(entries, removed)


def _of_recipes(
    folder: Folder, files: Collection[File], keep_recipes: Collection[str], on_entry: Callable[[], None]
) -> set[str]:
    """Return the paths of the entries of some recipes; raises `UsageError` for a recipe that no entry has."""
    recipes: dict[str, str] = {}
    for file in files:
        on_entry()
        recipes[file.path] = _recipe(folder, file) or ""
    for name in keep_recipes:
        # A misspelt name would remove everything.
        if not any(recipe.startswith(name) for recipe in recipes.values()):
            raise UsageError(f"The store has no entry of recipe '{name}', so --keep-recipe would keep nothing of it.")
    return {path for path, recipe in recipes.items() if recipe.startswith(tuple(keep_recipes))}


def _is_whole(folder: Folder, file: File) -> bool:
    return _recipe(folder, file) is not None


def _recipe(folder: Folder, file: File) -> str | None:
    """Return the recipe for which an entry was made; None when it is damaged or was removed meanwhile."""
    raw = folder.read_bytes(file.path)
    try:
        return unpack(PurePosixPath(file.path).stem, raw)[0].recipe if raw is not None else None
    except ValueError:
        return None
