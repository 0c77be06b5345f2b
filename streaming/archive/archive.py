"""Writes the results of micro-batches as Parquet, each identity once, however often a batch is repeated.

Item: one result; a batch's results become one file a data set and day. Unit: a file, which is whole or not there, named
after the query's checkpoint and the batch: a batch that is repeated after a crash writes over its own files, and a new
checkpoint, which has another name, over nobody's. Guarantee: each identity once for every reader, because what another
file of the day already has is left out; two writers on one disk take turns. On an object store there is no lock, so let
one query at a time write what comes from a topic.

An identity is a record's position in Kafka and, for a summary, the recipe. A document's day is fixed, so no other day
can have it. A file that is written over loses no identity that it had: others may have left out theirs because it had
them. Where a document ended as a summary in one attempt and as a dead letter in another, the summary stands.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from streaming.archive.columns import DEAD_LETTER, DELETION, SUMMARY
from streaming.archive.location import ArchiveLocation, File
from streaming.messages import DeadLetter, Deletion, OutputMessage, Summary

_log = logging.getLogger(__name__)
Row = dict[str, Any]
Position = tuple[str, int, int]
Identity = tuple[Position, str]

# The data sets, by folder. Summaries come first: what they hold decides which dead letters stand.
DATA_SETS = {"summaries": SUMMARY, "dead_letters": DEAD_LETTER, "deletions": DELETION}
_FOLDER: dict[type[OutputMessage], str] = {Summary: "summaries", DeadLetter: "dead_letters", Deletion: "deletions"}
# What a clock far off the mark may say, and a day can still be written.
_LAST_MS = 253_402_300_799_999


class Archive:
    """The archive at a location; a process has one writer of it."""

    def __init__(self, location: ArchiveLocation) -> None:
        self._location = location
        # The identities of the files of the days that were last written to.
        self._known: dict[File, set[Identity]] = {}

    def write(self, results: Iterable[OutputMessage], *, name: str) -> None:
        """Write a batch's results into files called `name`, in one step each; raises `MachineError`.

        Each must have a source.
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
            _log.warning("%d results of batch %s were in the archive already and were left out", repeated, name)
        self._known = {file: known for file, known in self._known.items() if file.path.split("day=")[1][:10] in days}

    def _write_day(self, data_set: str, day: str, rows: list[Row], name: str, summarized: set[Position]) -> int:
        """Write a batch's rows of one data set and day; returns how many another file had.

        `summarized` are the places of the day that have a summary: noted with the summaries, used for dead letters.
        """
        path = f"{data_set}/day={day}/{name}.parquet"
        own, elsewhere = None, set()
        for file in self._location.files(f"{data_set}/day={day}"):
            if file.path == path:
                own = file
            else:
                elsewhere |= self._identities(file)
        had = self._location.read(path).to_pylist() if own is not None else []
        new = {identity: row for row in rows if (identity := _identity(row)) not in elsewhere}
        now = [row for row in had if _identity(row) not in new] + list(new.values())
        if data_set == "summaries":
            summarized |= {position for position, _ in elsewhere} | {_identity(row)[0] for row in now}
        elif data_set == "dead_letters":
            now = [row for row in now if _identity(row)[0] not in summarized]
        if now and (new or len(now) < len(had)):
            self._location.publish(path, pa.Table.from_pylist(now, DATA_SETS[data_set]))
        elif had and not now:
            self._location.remove(path)
        return len(rows) - len(new)

    def _identities(self, file: File) -> set[Identity]:
        if file not in self._known:
            columns = ["source", "recipe"] if file.path.startswith("summaries/") else ["source"]
            self._known[file] = {_identity(row) for row in self._location.read(file.path, columns).to_pylist()}
        return self._known[file]


def day_of(timestamp: int) -> str:
    """Return the day of a record of that time, in milliseconds since 1970: in UTC, as ISO 8601."""
    at = min(max(timestamp, 0), _LAST_MS)
    return datetime.fromtimestamp(at / 1000, timezone.utc).date().isoformat()


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
    return position(row), row.get("recipe", "")
