"""What was sent of a watched folder: a file in the data dir, in SQLite, one for each folder and topic.

It holds names, keys and hashes, and no text. A version of a file is the hash of its content; its size and times are
only the short way to it. Before documents are sent their keys and hashes are noted as intents, with the ends of the
topic, so that after a crash the topic can be asked which of them it has.

Each method that changes something is one transaction, on the disk when it returns. All raise `CheckpointError` for a
damaged file, and `MachineError` when it cannot be written.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from producers.watch.scan import FoundFile, Stamp
from streaming.errors import CheckpointError, MachineError

# SQLite's own number for the form of the tables.
_FORM = 1
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    name BLOB PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL, changed INTEGER NOT NULL,
    version BLOB NOT NULL, status TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE documents (
    file BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, version BLOB NOT NULL, PRIMARY KEY (file, key, value)
) WITHOUT ROWID;
CREATE INDEX documents_by_key ON documents (key);
CREATE TABLE intents (file BLOB NOT NULL, key BLOB NOT NULL, value BLOB, version BLOB NOT NULL);
"""
_DELETE_OLDER = "DELETE FROM documents WHERE file = ? AND key = ? AND version != ?"


class Status(str, Enum):
    """What became of a file. One that is DONE or put ASIDE leaves the folder, so nobody misses it there."""

    SENT = "sent"
    DONE = "done"
    # Something of it could not be sent.
    FAILED = "failed"
    ASIDE = "aside"
    # By the user; its documents are deleted, too.
    DELETED = "deleted"


@dataclass(frozen=True)
class KnownFile:
    """A file as it was when it was taken last."""

    stamp: Stamp
    version: bytes
    status: Status


@dataclass(frozen=True)
class Entry:
    """A document of a file: the hash of its value, None for a tombstone, and the version of the file that has it."""

    file: str
    key: bytes
    value: bytes | None
    version: bytes


@dataclass(frozen=True)
class Outcome:
    """What became of a file, to be noted with its last documents."""

    file: FoundFile
    version: bytes
    status: Status


class State:
    """An open state; make one with `open_state`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def fact(self, name: str) -> str | None:
        """Return a fact about folder or topic."""
        rows = self._rows("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact."""
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def set_reading(self, reading: str) -> bool:
        """Keep how files are read; return whether they were read otherwise before, so that each is read again."""
        before = self.fact("reading")
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES ('reading', ?)", (reading,))
            if before not in (None, reading):
                self._connection.execute("UPDATE files SET size = -1")
        return before not in (None, reading)

    def known(self, name: str) -> KnownFile | None:
        """Return what is known of a file."""
        rows = self._rows(
            "SELECT size, modified, changed, version, status FROM files WHERE name = ?", os.fsencode(name)
        )
        return KnownFile(Stamp(*rows[0][:3]), rows[0][3], Status(rows[0][4])) if rows else None

    def names(self) -> Iterator[str]:
        """Yield the files that should be in the folder: neither moved away by gistream nor deleted."""
        with explained(self.path):
            for (name,) in self._connection.execute("SELECT name FROM files WHERE status IN ('sent', 'failed')"):
                yield os.fsdecode(name)

    def count(self) -> int:
        """Return how many files were taken so far."""
        [(number,)] = self._rows("SELECT count(*) FROM files WHERE status != 'deleted'")
        return int(number)

    def has(self, entry: Entry) -> bool:
        """Tell whether this document is what the topic has last under its key, sent from this file."""
        rows = self._rows(
            "SELECT value, version FROM documents WHERE file = ? AND key = ?", os.fsencode(entry.file), entry.key
        )
        if any(row == (entry.value, entry.version) for row in rows):
            return True
        return [value for value, _ in rows] == [entry.value]

    def holders(self, key: bytes, file: str) -> dict[str, bytes]:
        """Return the other files with a document of this key, and the hash of its value."""
        rows = self._rows("SELECT file, value FROM documents WHERE key = ? AND file != ?", key, os.fsencode(file))
        return {os.fsdecode(other): value for other, value in rows}

    def keys(self, file: str, *, besides: bytes = b"") -> list[bytes]:
        """Return the keys of a file's documents, without those of the version `besides`."""
        # Compared by key: a document that did not change has been moved to the new version.
        rows = self._rows(
            "SELECT DISTINCT key FROM documents WHERE file = ?1 AND key NOT IN "
            "(SELECT key FROM documents WHERE file = ?1 AND version = ?2)",
            os.fsencode(file),
            besides,
        )
        return [key for (key,) in rows]

    def intents(self) -> tuple[list[Entry], dict[int, int]]:
        """Return what may have been sent without being noted, and the ends of the topic's partitions before it."""
        entries = [
            Entry(os.fsdecode(file), key, value, version)
            for file, key, value, version in self._rows("SELECT file, key, value, version FROM intents")
        ]
        ends = json.loads(self.fact("ends") or "{}")
        return entries, {int(partition): end for partition, end in ends.items()}

    def intend(self, entries: Iterable[Entry], ends: Mapping[int, int]) -> None:
        """Note what is about to be sent."""
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES ('ends', ?)", (json.dumps(ends),))
            for entry in entries:
                row = (os.fsencode(entry.file), entry.key, entry.value, entry.version)
                self._connection.execute("INSERT INTO intents VALUES (?, ?, ?, ?)", row)
                # From now on nobody knows what the topic has last under this key; an empty hash is nobody's.
                self._connection.execute(_DELETE_OLDER, (row[0], entry.key, entry.version))
                self._connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, X'', X'')", row[:2])

    def conclude(
        self,
        sent: Iterable[Entry],
        *,
        dropped: Iterable[Entry] = (),
        outcomes: Iterable[Outcome] = (),
        deleted: Iterable[str] = (),
    ) -> None:
        """Note which documents the topic has, which no longer belong to a file, what became of files, and deletions.

        Nothing is intended any more after that.
        """
        with self._transaction():
            for entry in sent:
                name = os.fsencode(entry.file)
                self._connection.execute(_DELETE_OLDER, (name, entry.key, entry.version))
                if entry.value is None:
                    self._drop(entry)
                else:
                    self._connection.execute(
                        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)",
                        (name, entry.key, entry.value, entry.version),
                    )
            for entry in dropped:
                self._drop(entry)
            for outcome in outcomes:
                stamp = outcome.file.stamp
                self._connection.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        os.fsencode(outcome.file.name), stamp.size, stamp.modified, stamp.changed, outcome.version,
                        outcome.status.value,
                    ),
                )  # fmt: skip
            for gone in deleted:
                self._connection.execute("UPDATE files SET status = 'deleted' WHERE name = ?", (os.fsencode(gone),))
            self._connection.execute("DELETE FROM intents")

    def _drop(self, entry: Entry) -> None:
        self._connection.execute(
            "DELETE FROM documents WHERE file = ? AND key = ?", (os.fsencode(entry.file), entry.key)
        )

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with explained(self.path):
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled it back already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def connect(path: Path) -> State:
    """Open a state file, or make an empty one in one step; raises as the module says."""
    with explained(path):
        if not path.exists():
            new = path.with_suffix(".new")
            new.unlink(missing_ok=True)
            connection = sqlite3.connect(new, isolation_level=None)
            connection.executescript(f"{_TABLES} PRAGMA user_version = {_FORM};")
            connection.close()
            new.replace(path)
        # SQLite would take an empty file for a new one, and everything would be sent again.
        if not path.stat().st_size:
            raise _damaged(path, "it is empty")
        connection = sqlite3.connect(path, isolation_level=None)
        # A commit is on the disk when it returns.
        connection.execute("PRAGMA synchronous = FULL")
        [check] = connection.execute("PRAGMA quick_check(1)").fetchone()
        if check != "ok":
            raise _damaged(path, str(check).splitlines()[-1])
        [form] = connection.execute("PRAGMA user_version").fetchone()
        if form != _FORM:
            raise _damaged(path, f"it has the form {form}, and this gistream reads {_FORM}")
        return State(path, connection)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise the service's errors for those of SQLite and of the disk."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise MachineError(f"The state of the watched folder, {path}, cannot be written or read: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise MachineError(f"The state of the watched folder, {path}, cannot be used: {error.strerror}.") from error


def _damaged(path: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"The state of the watched folder, {path}, is damaged ({why}). Restore it from a backup, or delete it: then "
        "every file of the folder is sent again."
    )
