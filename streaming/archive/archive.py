"""Writes the results of micro-batches as Parquet, each identity once, however often a batch is repeated.

Item: one record of an output topic; a batch's records become one file a data set and day. Unit: a file, which is whole
or not there, named after the query's checkpoint and the batch: a batch that is repeated after a crash replaces its own
files, and a new checkpoint, which has another name, replaces nobody's. Guarantee: each identity once for every reader,
because what another file of the day already has is left out; two writers on one disk take turns. On an object store
there is no lock, so let one query at a time write what comes from a topic.

An identity is a record's place and, for a summary, the recipe. A document's day is fixed, so no other day can have it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from streaming.archive.columns import DEAD_LETTER, DELETION, SUMMARY
from streaming.archive.place import File, Place
from streaming.messages import DeadLetter, Deleted, Header, Read, Source, Summary, read_result

_log = logging.getLogger(__name__)
Identity = tuple[str | int, ...]

# The data sets, by folder.
DATA_SETS = {"summaries": SUMMARY, "dead_letters": DEAD_LETTER, "deletions": DELETION}
_FOLDER: dict[type[Read], str] = {Summary: "summaries", DeadLetter: "dead_letters", Deleted: "deletions"}
# What a clock far off the mark may say, and a day can still be written.
_LAST_MS = 253_402_300_799_999


@dataclass(frozen=True)
class Record:
    """A record of an output topic; `dead_letter` tells which of the two."""

    key: bytes | None
    value: bytes | None
    headers: list[Header]
    dead_letter: bool


class Archive:
    """The archive at a place. One writer of it a process."""

    def __init__(self, place: Place) -> None:
        self._place = place
        # The identities of the files of the days that were last written to.
        self._known: dict[File, set[Identity]] = {}

    def write(self, records: Iterable[Record], *, name: str) -> None:
        """Write a batch's records into files called `name`, in one step each; raises `MachineError`."""
        rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        days: set[str] = set()
        foreign = 0
        for record in records:
            read = read_result(record.key, record.value, record.headers, dead_letter=record.dead_letter)
            if read is None or read.source is None:
                foreign += 1
                continue
            day = day_of(read.source)
            days.add(day)
            rows[_FOLDER[type(read)], day].append(_row(read))
        if foreign:
            _log.warning("%d records of batch %s are none of gistream's and were left out", foreign, name)
        with self._place.locked():
            for folder in DATA_SETS:
                for day in sorted(days):
                    self._write_day(f"{folder}/day={day}", rows[folder, day], name)
        self._known = {file: known for file, known in self._known.items() if file.path.split("day=")[1][:10] in days}

    def _write_day(self, folder: str, rows: list[dict[str, Any]], name: str) -> None:
        path = f"{folder}/{name}.parquet"
        files = self._place.files(folder)
        seen: set[Identity] = set()
        for file in files:
            if file.path != path:
                seen |= self._identities(file)
        fresh = []
        for row in rows:
            if (identity := _identity(row)) not in seen:
                seen.add(identity)
                fresh.append(row)
        if fresh:
            self._place.publish(path, pa.Table.from_pylist(fresh, DATA_SETS[folder.partition("/")[0]]))
        elif any(file.path == path for file in files):
            # The batch was cut short, and its documents have ended otherwise this time.
            self._place.remove(path)

    def _identities(self, file: File) -> set[Identity]:
        if file not in self._known:
            columns = ["source", "recipe"] if file.path.startswith("summaries/") else ["source"]
            self._known[file] = {_identity(row) for row in self._place.read(file.path, columns).to_pylist()}
        return self._known[file]


def day_of(source: Source) -> str:
    """Return the day of a record, in UTC, as ISO 8601."""
    at = min(max(source.timestamp, 0), _LAST_MS)
    return datetime.fromtimestamp(at / 1000, timezone.utc).date().isoformat()


def _row(read: Read) -> dict[str, Any]:
    if isinstance(read, Deleted):
        return {"id": read.id, "source": read.source.model_dump()}
    row = read.model_dump(by_alias=True)
    if isinstance(read, DeadLetter):
        row["headers"] = [{"name": name, "value": value} for name, value in read.headers]
    return row


def _identity(row: dict[str, Any]) -> Identity:
    source = row["source"]
    return (source["topic"], source["partition"], source["offset"], row.get("recipe", ""))
