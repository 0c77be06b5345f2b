"""Finds the entries of documents by the marks beside them, also those that other documents used, too.

No entry is read: names are listed. A document that used an entry of a forgotten one generates it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from streaming.storage import BUILDING, Folder
from streaming.store.maintenance import KINDS
from streaming.store.store import MARK_SUFFIX, SUFFIX

# Listed one at a time, so that a store of a million entries needs the memory of a few thousand.
SHARDS = [f"{kind}/{shard:02x}" for kind in KINDS for shard in range(256)]


@dataclass(frozen=True)
class MarkedEntry:
    """An entry that a document used: the SHA-256 of the document's id, and the paths of the entry and of its marks.

    `path` is None when only marks are left. `id_sha256` is None for an entry without marks, of which nobody can tell
    whose it is: gistream wrote none before it had marks.
    """

    id_sha256: str | None
    path: str | None
    marks: tuple[str, ...]


def entries_of(folder: Folder, id_hashes: Collection[str], on_shard: Callable[[], None]) -> Iterator[MarkedEntry]:
    """Yield each entry once for each of the documents that used it, and each entry without marks.

    `id_hashes` are the SHA-256 of the documents' ids. `on_shard` is called for each of `SHARDS`. Raises `MachineError`.
    """
    for shard in SHARDS:
        entries: dict[str, str] = {}
        marks: dict[str, dict[str, str]] = defaultdict(dict)
        for file in folder.files(shard, ""):
            name = PurePosixPath(file.path)
            if name.suffix == SUFFIX:
                entries[name.stem] = file.path
            elif name.suffix == MARK_SUFFIX:
                key, _, id_sha256 = name.stem.partition(".")
                marks[key][id_sha256] = file.path
        for key, users in marks.items():
            for id_sha256 in users.keys() & set(id_hashes):
                yield MarkedEntry(id_sha256, entries.get(key), tuple(users.values()))
        yield from (MarkedEntry(None, path, ()) for key, path in entries.items() if key not in marks)
        on_shard()


def remove(folder: Folder, entry: MarkedEntry) -> None:
    """Remove an entry and its marks, the marks last, so that it can be found again; raises `MachineError`."""
    for path in (entry.path, *entry.marks):
        if path is not None:
            folder.remove(path)


def unfinished(folder: Folder) -> list[str]:
    """Sweep, and return the paths of the files that are being written, or were when a process was killed.

    Nobody can tell whose they are. A sweep deletes them when they are a minute old. Raises `MachineError`.
    """
    if folder.local is None or not folder.local.is_dir():
        return []
    folder.sweep()
    return [file.path for file in folder.files(BUILDING, "") if file.bytes]
