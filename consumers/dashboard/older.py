"""Summaries that the topic or the feed no longer has, from an archive's Parquet, newest first.

Item: one summary, as a row. Order: `produced_at`, the newest first. Bound: one batch of rows, the rows of a page, and
what the footers of the files say of their row groups. A document that was deleted is left out, whatever its file has.
A row is not marked as replaced: that would take the ids of the whole archive.
"""

from __future__ import annotations

import heapq
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from consumers.live.filters import Filters, search_text
from consumers.live.rows import OPENING, TITLE, Position, Row, shown_metadata
from streaming.errors import UsageError
from streaming.messages import Summary
from streaming.wording import shortened

# Rows in memory at once: some megabytes of summaries.
_BATCH_ROWS = 1024
# What a row shows, and what filters look through.
_COLUMNS = [
    *("id", "title", "summary", "status", "prompt.name", "model.name", "recipe", "strategy", "seconds", "reused"),
    *("tokens.prompt", "tokens.completion", "source", "produced_at", "metadata"),
]
# Behind the numbers of all rows that arrived, in the order of their times, and exact in JSON.
_NUMBERS = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Microseconds since 1970 of the years 1 and 9999: where a file does not say what it spans.
_EVER = -(2**56), 2**58


class ArchiveFiles(Protocol):
    """The Parquet files of an archive (`streaming.archive`). A file's `path` names it, and it compares by its state."""

    def parquet_files(self, folder: str) -> Sequence[Any]:
        """Return the files below a folder."""
        ...

    def reading(self, path: str) -> AbstractContextManager[Any]:
        """Open a file."""
        ...


@dataclass(frozen=True)
class OlderPage:
    """Rows, newest first, and whether there are `more`."""

    rows: list[Row]
    more: bool


@dataclass(frozen=True)
class _Group:
    """A row group of a file: the times, in microseconds since 1970, and the offsets that it spans."""

    path: str
    number: int
    times: tuple[int, int]
    offsets: tuple[int, int]


class OlderSummaries:
    """The summaries of an archive; every method may be called from any thread."""

    def __init__(self, files: ArchiveFiles, name: str) -> None:
        """Look for the files; raises `UsageError` when there are none, and `MachineError`."""
        self._files = files
        self._lock = threading.Lock()
        self._groups: dict[Any, list[_Group]] = {}
        if not files.parquet_files("summaries"):
            raise UsageError(f"There is no archive in {name}: it has no Parquet file in summaries.")

    def page(
        self, filters: Filters, *, before: float | None, limit: int, is_kept: Callable[[Row], bool] = lambda _row: False
    ) -> OlderPage:
        """Return the newest `limit` rows that match, produced before a time in ms since 1970; raises `MachineError`.

        Rows for which `is_kept` holds are left out, and those of deleted documents; so there may be fewer.
        """
        end = _EVER[1] if before is None else round(before * 1000)
        while True:
            rows = self._newest(filters, end, limit + 1, is_kept)
            more, rows = len(rows) > limit, rows[:limit]
            shown = self._without_deleted(rows)
            if shown or not more:
                return OlderPage(shown, more)
            end = produced_at(rows[-1])

    def find(self, position: Position) -> Summary | None:
        """Return the newest summary of the document's record at a position; raises `MachineError`."""
        topic, partition, offset = position
        newest: Summary | None = None
        for group in self._all_groups():
            if not group.offsets[0] <= offset <= group.offsets[1]:
                continue
            for batch in self._batches(group.path, None, [group.number]):
                source = batch.column("source")
                same = pc.equal(source.field("offset"), offset)
                for values in batch.filter(pc.fill_null(same, False)).to_pylist(maps_as_pydicts="lossy"):
                    if (values["source"]["topic"], values["source"]["partition"]) == (topic, partition):
                        summary = _summary(values)
                        if summary is not None and (newest is None or newest.produced_at < summary.produced_at):
                            newest = summary
        return newest

    def _newest(self, filters: Filters, end: int, most: int, is_kept: Callable[[Row], bool]) -> list[Row]:
        # The oldest first, as a heap; the number of a row orders as its time does.
        newest: list[tuple[int, int, Row]] = []
        for group in sorted(self._all_groups(), key=lambda group: group.times[1], reverse=True):
            if len(newest) == most and _number(group.times[1]) <= newest[0][0]:
                break
            if group.times[0] >= end:
                continue
            for values in self._values(group, end):
                row, search = _row(values)
                if len(newest) == most and row.number <= newest[0][0]:
                    continue
                if filters.matches(row, search) and not is_kept(row):
                    entry = (row.number, id(row), row)
                    heapq.heappush(newest, entry) if len(newest) < most else heapq.heapreplace(newest, entry)
        return [row for _, _, row in sorted(newest, reverse=True)]

    def _values(self, group: _Group, end: int) -> Iterator[dict[str, Any]]:
        """Yield the rows of a group that were produced before a time in microseconds since 1970."""
        for batch in self._batches(group.path, _COLUMNS, [group.number]):
            produced = pc.cast(pc.cast(batch.column("produced_at"), pa.timestamp("us", "UTC")), pa.int64())
            chosen = batch.filter(pc.fill_null(pc.less(produced, end), False))
            yield from chosen.to_pylist(maps_as_pydicts="lossy")

    def _without_deleted(self, rows: list[Row]) -> list[Row]:
        deleted: dict[tuple[str, int, str], int] = defaultdict(lambda: -1)
        ids = pa.array({row.id for row in rows}, pa.string())
        for file in self._files.parquet_files("deletions"):
            for batch in self._batches(file.path, ["id", "source"], None):
                for values in batch.filter(pc.is_in(batch.column("id"), ids)).to_pylist():
                    source = values["source"]
                    document = source["topic"], source["partition"], values["id"]
                    deleted[document] = max(deleted[document], source["offset"])
        return [
            row for row in rows if row.source is None or row.source[2] > deleted[row.source[0], row.source[1], row.id]
        ]

    def _batches(self, path: str, columns: list[str] | None, groups: list[int] | None) -> Iterator[pa.RecordBatch]:
        with self._files.reading(path) as file:
            yield from pq.ParquetFile(file).iter_batches(_BATCH_ROWS, row_groups=groups, columns=columns)

    def _all_groups(self) -> list[_Group]:
        """Return the row groups of all files; each file is asked once."""
        with self._lock:
            files = self._files.parquet_files("summaries")
            self._groups = {file: self._groups.get(file) or self._read_groups(file.path) for file in files}
            return [group for groups in self._groups.values() for group in groups]

    def _read_groups(self, path: str) -> list[_Group]:
        with self._files.reading(path) as file:
            metadata = pq.ParquetFile(file).metadata
            return [
                _Group(
                    path,
                    number,
                    _span(metadata.row_group(number), "produced_at", _EVER),
                    _span(metadata.row_group(number), "source.offset", (0, 2**63)),
                )
                for number in range(metadata.num_row_groups)
            ]


def produced_at(row: Row) -> int:
    """Return when a summary of an archive was produced, in microseconds since 1970."""
    return row.number + _NUMBERS


def row_of(summary: Summary, place: Position) -> Row:
    """Return the row of a summary that no feed keeps."""
    values = summary.model_dump(exclude={"sentences", "answer"})
    row, _ = _row(values)
    return replace(row, topic=place[0], partition=place[1], offset=place[2])


def _number(microseconds: int) -> int:
    return microseconds - _NUMBERS


def _row(values: dict[str, Any]) -> tuple[Row, bytes]:
    """Return the row of a summary's fields, and its search text; a field that an older file lacks is empty."""
    source, produced = values["source"], _microseconds(values["produced_at"])
    text, metadata = values["summary"] or "", values["metadata"] or {}
    latency = produced / 1e6 - source["timestamp"] / 1000
    position = source["topic"], source["partition"], source["offset"]
    row = Row(
        _number(produced),
        *position,
        produced // 1000,
        "summary",
        values["id"],
        None if values["title"] is None else shortened(values["title"], TITLE, len),
        shortened(" ".join(text[: 2 * OPENING].split()), OPENING, len),
        values["status"] or "",
        values["prompt"]["name"],
        values["model"]["name"],
        values["recipe"] or "",
        values["strategy"] or "",
        values["seconds"] or 0.0,
        latency if latency >= 0 else None,
        values["tokens"]["prompt"] + values["tokens"]["completion"],
        bool(values.get("reused")),
        shown_metadata(metadata),
        position,
    )
    return row, search_text(row.id, row.title, text, metadata)


def _summary(values: dict[str, Any]) -> Summary | None:
    """Return the message of a row; columns of answers, and fields that older files lack, are left out."""
    try:
        return Summary.model_validate(_without_nulls(values))
    except ValidationError:
        return None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(field) for name, field in value.items() if field is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _span(group: Any, column: str, unknown: tuple[int, int]) -> tuple[int, int]:
    """Return the least and the greatest value of a column in a row group, times in microseconds since 1970."""
    for number in range(group.num_columns):
        statistics = group.column(number).statistics
        if group.column(number).path_in_schema == column and statistics is not None and statistics.has_min_max:
            least, most = statistics.min, statistics.max
            return (_microseconds(least), _microseconds(most)) if isinstance(least, datetime) else (least, most)
    return unknown


def _microseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return (aware - _EPOCH) // timedelta(microseconds=1)
