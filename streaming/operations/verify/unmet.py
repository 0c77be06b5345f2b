"""Deletions that met nothing: no summary of their id stands among the results, so they deleted none.

Mostly the tombstone's key is not what names the document. Keeps the ids of deletions in memory, and of no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streaming.archive import ArchiveLocation
from streaming.kafka.records import read_raw, topic_ranges
from streaming.settings import Settings

Position = tuple[str, int, int]
# An id as a record's key, or as a row has it.
_Id = bytes | str


class Deletions:
    """The deletions of a run over the results, by id."""

    def __init__(self) -> None:
        self._positions: dict[_Id, list[Position]] = {}

    def add(self, document_id: _Id | None, position: Position) -> None:
        """Add the deletion of an id by the record at a position; one whose document was forgotten has no id."""
        if document_id is not None:
            self._positions.setdefault(document_id, []).append(position)

    def unmet(self, settings: Settings, archive: ArchiveLocation | None) -> list[Position]:
        """Return the positions of those whose ids no summary has; reads the results again if there are deletions."""
        if self._positions:
            for document_id in _summarized(settings) if archive is None else _archived(archive):
                self._positions.pop(document_id, None)
        return sorted({position for positions in self._positions.values() for position in positions})


def add_archived(archive: ArchiveLocation, deletions: Deletions) -> None:
    """Add the deletions of an archive; raises `MachineError` when it cannot be read."""
    for row in _rows(archive, "deletions", ["id", "source"]):
        source = row["source"]
        deletions.add(row["id"], (source["topic"], source["partition"], source["offset"]))


def _summarized(settings: Settings) -> Iterable[_Id]:
    ranges = topic_ranges(settings, [settings.output_topic], None, None)
    for record in read_raw(settings, ranges, check_sums=False):
        if record.value is not None and record.key is not None:
            yield record.key


def _archived(archive: ArchiveLocation) -> Iterable[_Id]:
    return (row["id"] for row in _rows(archive, "summaries", ["id"]))


def _rows(archive: ArchiveLocation, data_set: str, columns: list[str]) -> Iterable[dict[str, Any]]:
    for file in archive.parquet_files(data_set):
        yield from archive.rows(file.path, columns)
