"""Writes the results of micro-batches as Parquet, each identity once, however often a batch is repeated.

Item: one result.
Unit of parallelism: none; one writer at a time. A batch's results become one file per data set and day.
Guarantee: each identity once for every reader. After a crash the batch that was not committed overwrites its own
files, which are named after the query's checkpoint and the batch. A new checkpoint uses new file names, so it never
overwrites existing files. Results already present in another file of that day are skipped, and a log line says so. Two
writers on one disk take turns. An object store has no lock, so let one query at a time write the results of a topic.

An identity is a record's position in Kafka and, for a summary, the recipe; for a dead letter, the number of attempts,
because a redriven document that fails again is another dead letter. A document's day is fixed, so no other day
can have its results. A file that is written again keeps all its identities, because other files may have skipped them.
A document may end as a dead letter in one attempt and as a summary in another: then the summary stands.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from streaming.archive.answers import AnswerColumn
from streaming.archive.columns import DEAD_LETTER, DELETION, SUMMARY
from streaming.archive.location import ArchiveLocation
from streaming.messages import DeadLetter, Deletion, OutputMessage, Summary
from streaming.storage import File

_log = logging.getLogger(__name__)
Row = dict[str, Any]
Position = tuple[str, int, int]
Identity = tuple[Position, str]

# The data sets, by folder. Summaries come first: they decide which dead letters stand.
DATA_SETS = {"summaries": SUMMARY, "dead_letters": DEAD_LETTER, "deletions": DELETION}
# The columns that have the identity of a row.
_IDENTITIES = {"summaries": ["source", "recipe"], "dead_letters": ["source", "error"], "deletions": ["source"]}
_FOLDER: dict[type[OutputMessage], str] = {Summary: "summaries", DeadLetter: "dead_letters", Deletion: "deletions"}
# The last millisecond of the year 9999, the last day that can be written; a wrong clock may be later.
_LAST_MS = 253_402_300_799_999


class Archive:
    """The archive at a location; a process has one writer of it."""

    def __init__(self, location: ArchiveLocation, answers: Sequence[AnswerColumn] = ()) -> None:
        """`answers` are the columns for the answers of all profiles with a JSON Schema."""
        self._location, self._answers = location, answers
        self._schemas = DATA_SETS | {"summaries": pa.schema([*SUMMARY, *(answer.field for answer in answers)])}
        # The identities in the files of the days of the last batch.
        self._identities: dict[File, set[Identity]] = {}

    def write(self, results: Iterable[OutputMessage], *, name: str) -> None:
        """Write a batch's results into files called `name`, each in one step; raises `MachineError`.

        Each result must have a source.
        """
        rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        days: set[str] = set()
        for result in results:
            row = _row(result)
            day = day_of(row["source"]["timestamp"])
            days.add(day)
            rows[_FOLDER[type(result)], day].append(row)
        repeated = 0
        with self._location.locked():
            for day in sorted(days):
                summarized: set[Position] = set()
                for folder in DATA_SETS:
                    repeated += self._write_day(folder, day, rows[folder, day], name, summarized)
        if repeated:
            _log.warning("%d results of batch %s were in the archive already and were skipped", repeated, name)
        self._identities = {
            file: identities for file, identities in self._identities.items() if file.path.split("day=")[1][:10] in days
        }

    def _write_day(self, data_set: str, day: str, rows: list[Row], name: str, summarized: set[Position]) -> int:
        """Write a batch's rows of one data set and day; returns the number of rows that other files hold already.

        `summarized` holds the positions of the day's summaries: the summaries fill it, the dead letters read it.
        """
        path = f"{data_set}/day={day}/{name}.parquet"
        own, elsewhere = None, set()
        for file in self._location.parquet_files(f"{data_set}/day={day}"):
            if file.path == path:
                own = file
            else:
                elsewhere |= self._read_identities(file)
        old_rows = self._location.read(path).to_pylist() if own is not None else []
        new_rows = {identity: row for row in rows if (identity := _identity(row)) not in elsewhere}
        all_rows = [row for row in old_rows if _identity(row) not in new_rows] + list(new_rows.values())
        if data_set == "summaries":
            summarized |= {position for position, _ in elsewhere} | {_identity(row)[0] for row in all_rows}
        elif data_set == "dead_letters":
            all_rows = [row for row in all_rows if _identity(row)[0] not in summarized]
        if all_rows and (new_rows or len(all_rows) < len(old_rows)):
            if data_set == "summaries":
                # Also those of a file that is written again, which may be of another version of a profile.
                all_rows = [row | {answer.name: answer.value(row) for answer in self._answers} for row in all_rows]
            self._location.publish(path, pa.Table.from_pylist(all_rows, self._schemas[data_set]))
        elif old_rows and not all_rows:
            self._location.remove(path)
        return len(rows) - len(new_rows)

    def _read_identities(self, file: File) -> set[Identity]:
        if file not in self._identities:
            columns = _IDENTITIES[file.path.partition("/")[0]]
            self._identities[file] = {_identity(row) for row in self._location.read(file.path, columns).to_pylist()}
        return self._identities[file]


def day_of(timestamp: int) -> str:
    """Return the day, in UTC and ISO 8601, of a timestamp in milliseconds since 1970."""
    milliseconds = min(max(timestamp, 0), _LAST_MS)
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).date().isoformat()


def position(row: Row) -> Position:
    """Return the position in Kafka of a row's document."""
    source = row["source"]
    return source["topic"], source["partition"], source["offset"]


def _row(result: OutputMessage) -> Row:
    if isinstance(result, Deletion):
        return {"id": result.id, "source": result.source.model_dump()}
    row = result.model_dump(by_alias=True)
    if isinstance(result, DeadLetter):
        row["headers"] = [{"name": name, "value": value} for name, value in result.headers]
    return row


def _identity(row: Row) -> Identity:
    return position(row), str(row["error"]["attempts"]) if "error" in row else row.get("recipe", "")
