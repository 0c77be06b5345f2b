"""Pairs the results of two sides by the id of their document.

The results wait in a temporary database of SQLite, which keeps 64 MB of it in memory and the rest in a file without a
name, in the folder for temporary files: so memory does not grow with the number of documents, and nothing is left when
the process ends.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from consumers.newest import version
from streaming.errors import MachineError
from streaming.messages import DeadLetter, OutputMessage, Summary

Letter = Literal["a", "b"]
Change = Literal["changed", "only_in_a", "only_in_b", "same"]
# In the order of a report.
DIFFERENCES: tuple[Change, ...] = ("changed", "only_in_a", "only_in_b")
CHANGES: tuple[Change, ...] = (*DIFFERENCES, "same")
LETTERS: tuple[Letter, Letter] = ("a", "b")
# What of `signals` is averaged.
_SIGNALS = ("supported", "grounding", "repetition", "copied", "compression")
# In KiB, negative as SQLite has it.
_CACHE = -64 * 1024

_TABLES = """
CREATE TABLE results (
    side TEXT, id TEXT, topic TEXT, partition INTEGER, offset INTEGER, produced_at REAL, timestamp INTEGER,
    digest BLOB, status TEXT, recipe TEXT, model TEXT, prompt TEXT,
    supported REAL, grounding REAL, repetition REAL, copied REAL, compression REAL, message BLOB,
    PRIMARY KEY (side, id, topic, partition));
CREATE TABLE dead_letters (
    side TEXT, topic TEXT, partition INTEGER, offset INTEGER, type TEXT, reason TEXT,
    PRIMARY KEY (side, topic, partition, offset));
"""
# `version` of consumers.newest decides: (offset, produced_at).
_ADD = f"""
INSERT INTO results VALUES ({", ".join("?" * 18)})
ON CONFLICT (side, id, topic, partition) DO UPDATE SET
    (offset, produced_at, timestamp, digest, status, recipe, model, prompt, supported, grounding, repetition, copied,
     compression, message)
  = (excluded.offset, excluded.produced_at, excluded.timestamp, excluded.digest, excluded.status, excluded.recipe,
     excluded.model, excluded.prompt, excluded.supported, excluded.grounding, excluded.repetition, excluded.copied,
     excluded.compression, excluded.message)
  WHERE (excluded.offset, excluded.produced_at) >= (results.offset, results.produced_at)
"""  # noqa: S608 - nothing of a message is in it
# Of an id that several partitions have, whose offsets do not compare, the later record counts. A dead letter of a
# record that has a summary, too, is of an earlier attempt.
_PAIR = """
CREATE TABLE newest AS
    SELECT row, side, id, digest, status, deleted FROM (
        SELECT rowid AS row, side, id, digest, status, message IS NULL AS deleted, row_number() OVER (
            PARTITION BY side, id ORDER BY timestamp DESC, offset DESC, produced_at DESC, topic, partition) AS place
        FROM results)
    WHERE place = 1;
CREATE UNIQUE INDEX newest_of ON newest (side, id);
CREATE TABLE pairs AS
    SELECT ids.id AS id, a.row AS a, b.row AS b, CASE
        WHEN b.row IS NULL THEN 'only_in_a' WHEN a.row IS NULL THEN 'only_in_b'
        WHEN a.digest = b.digest AND a.status = b.status THEN 'same' ELSE 'changed' END AS change
    FROM (SELECT DISTINCT id FROM newest WHERE NOT deleted) AS ids
    LEFT JOIN newest AS a ON a.side = 'a' AND a.id = ids.id AND NOT a.deleted
    LEFT JOIN newest AS b ON b.side = 'b' AND b.id = ids.id AND NOT b.deleted;
CREATE INDEX pairs_of ON pairs (change, id);
DELETE FROM dead_letters WHERE EXISTS (
    SELECT 1 FROM results AS r WHERE r.side = dead_letters.side AND r.topic = dead_letters.topic
    AND r.partition = dead_letters.partition AND r.offset = dead_letters.offset AND r.message IS NOT NULL);
"""
_PAIRS = """
SELECT p.id, p.change, a.message, b.message, a.topic, a.partition, a.offset, b.topic, b.partition, b.offset
FROM pairs AS p LEFT JOIN results AS a ON a.rowid = p.a LEFT JOIN results AS b ON b.rowid = p.b
WHERE p.change = ? ORDER BY p.id
"""


@dataclass(frozen=True)
class Recipe:
    """A recipe of one side: what of it people know, and the number of documents whose newest summary has it."""

    recipe: str
    model: str
    prompt: str
    documents: int


@dataclass(frozen=True)
class Counts:
    """What one side has: documents with a summary, by status and recipe; deletions; dead letters by type.

    `signals` are means over the documents that have the signal.
    """

    documents: int
    deleted: int
    status: dict[str, int]
    recipes: list[Recipe]
    dead_letters: dict[str, int]
    signals: dict[str, float]


@dataclass(frozen=True)
class Difference:
    """A document, and its newest summary on each side. `reason` says why one side has none, where that is known."""

    id: str
    change: Change
    a: Summary | None
    b: Summary | None
    reason: str | None = None

    @property
    def other_document(self) -> bool:
        """Whether the two summaries are of different texts."""
        return self.a is not None and self.b is not None and self.a.document_sha256 != self.b.document_sha256


class Comparison:
    """The results of two sides, for as long as the context lasts: `add` all, then `pair`, then read."""

    def __enter__(self) -> Comparison:
        # An empty name is a temporary database on the disk.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = {_CACHE}")
        # Nothing of it is read again after a crash.
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES + "BEGIN;")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._database.close()
        # "database or disk is full", "disk I/O error", "unable to open database file".
        if isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in ("disk", "file")):
            raise MachineError(
                f"The results do not fit the folder for temporary files ({error}); free space there, or name another "
                "folder in SQLITE_TMPDIR."
            ) from error

    def add(self, side: Letter, result: OutputMessage) -> None:
        """Take a result of one side; of the results of a document the newest stays."""
        source = result.source
        if source is None:
            return
        where = source.topic, source.partition
        if isinstance(result, DeadLetter):
            reason = f"{result.error.type} in {result.error.stage}: {result.error.message}"
            self._database.execute(
                "INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?, ?, ?)",
                (side, *where, source.offset, result.error.type, reason),
            )
            return
        row: tuple[Any, ...] = (None,) * 11
        if isinstance(result, Summary):
            row = (
                hashlib.sha256(result.summary.encode()).digest(), result.status, result.recipe,
                f"{result.model.name} {result.model.representation}", result.prompt.name,
                *(getattr(result.signals, name) for name in _SIGNALS), result.to_json(),
            )  # fmt: skip
        self._database.execute(_ADD, (side, result.id, *where, *version(result), source.timestamp, *row))

    def pair(self) -> None:
        """Pair the results, once all are there."""
        self._database.executescript(_PAIR)

    def changes(self) -> dict[Change, int]:
        """Return how many documents there are of each change."""
        counts = dict(self._database.execute("SELECT change, count(*) FROM pairs GROUP BY change"))
        return {change: counts.get(change, 0) for change in CHANGES}

    def counts(self, side: Letter) -> Counts:
        """Return what a side has."""
        newest = "FROM newest AS n JOIN results AS r ON r.rowid = n.row WHERE n.side = ? AND NOT n.deleted"
        means = ", ".join(f"avg(r.{name})" for name in _SIGNALS)
        [averages] = self._database.execute(f"SELECT {means} {newest}", side)
        [(documents, deleted)] = self._database.execute(
            "SELECT count(*) - total(deleted), total(deleted) FROM newest WHERE side = ?", side
        )
        return Counts(
            documents=int(documents),
            deleted=int(deleted),
            status=dict(self._database.execute(f"SELECT r.status, count(*) {newest} GROUP BY 1 ORDER BY 2 DESC", side)),
            recipes=[
                Recipe(*row)
                for row in self._database.execute(
                    f"SELECT r.recipe, min(r.model), min(r.prompt), count(*) {newest} GROUP BY 1 ORDER BY 4 DESC, 1",
                    side,
                )
            ],
            dead_letters=dict(
                self._database.execute(
                    "SELECT type, count(*) FROM dead_letters WHERE side = ? GROUP BY 1 ORDER BY 2 DESC, 1", side
                )
            ),
            signals={
                "copy" if name == "copied" else name: round(mean, 4)
                for name, mean in zip(_SIGNALS, averages, strict=True)
                if mean is not None
            },
        )

    def documents(self, changes: Sequence[Change]) -> Iterator[Difference]:
        """Yield the documents of these changes, one change after the other, each in the order of the ids."""
        for change in changes:
            for name, _, a, b, *where in self._database.execute(_PAIRS, (change,)):
                yield Difference(name, change, _summary(a), _summary(b), self._reason(name, change, where))

    def _reason(self, name: str, change: Change, where: list[Any]) -> str | None:
        """Return why one side has no summary of a document: it was deleted, or its record is a dead letter."""
        if change not in ("only_in_a", "only_in_b"):
            return None
        missing, position = ("b", where[:3]) if change == "only_in_a" else ("a", where[3:])
        if self._database.execute("SELECT 1 FROM newest WHERE side = ? AND id = ?", (missing, name)).fetchone():
            return "deleted"
        row = self._database.execute(
            "SELECT reason FROM dead_letters WHERE side = ? AND topic = ? AND partition = ? AND offset = ?",
            (missing, *position),
        ).fetchone()
        return f"dead letter, {row[0]}" if row else None


def _summary(message: bytes | None) -> Summary | None:
    return None if message is None else Summary.model_validate_json(message)
