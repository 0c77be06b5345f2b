"""`gistream verify`: accounts for every record of the input by a summary, a deletion or a dead letter.

Reads what the query has committed, from the beginning of the topics or between two times, and then all results. Needs
a byte for each offset, and one more for each recipe; no document and no summary is kept.

A redriven record has its result at the position that its document had first: a summary, a deletion, or a dead letter of
one more attempt.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from streaming.archive import ArchiveLocation
from streaming.errors import CheckpointError
from streaming.json_values import lookup, parse_json
from streaming.kafka.records import Ranges, read_ranges, topic_ranges
from streaming.messages import Record, Source, read_source, restored
from streaming.operations.offset_range import Bound, resolve
from streaming.settings import Settings
from streaming.spark.checkpoint import Checkpoint, committed_offsets, read_record

# Positions that a report names.
_MOST_NAMED = 20
# The data sets of an archive, each with the column that tells results of one position apart.
_DATA_SETS = {"summaries": ["recipe"], "dead_letters": ["error"], "deletions": []}
_Position = tuple[str, int, int]


@dataclass
class Account:
    """The outcome: how many records there are, what became of them, and which have nothing.

    `records` counts documents and deletions, `redriven` the records that brought one of them again. `twice` counts
    results that stand more than once with the same identity. `unread` counts offsets behind the last commit. `missing`
    and `doubled` name the first positions. `given_up` says when which offsets were given up, because their records were
    lost before the query read them.
    """

    records: int = 0
    redriven: int = 0
    summaries: int = 0
    dead_letters: int = 0
    deletions: int = 0
    unread: int = 0
    missing_records: int = 0
    twice: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)


class _Offsets:
    """A byte for each offset of the input's ranges."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._bytes = {name: bytearray(max(0, end - start)) for name, (start, end) in ranges.items()}

    def add(self, topic: str, partition: int, offset: int) -> int | None:
        """Count one more at an offset and return how many there are; None when it is in none of the ranges."""
        start, end = self._ranges.get((topic, partition), (0, 0))
        if not start <= offset < end:
            return None
        counts = self._bytes[topic, partition]
        counts[offset - start] = min(255, counts[offset - start] + 1)
        return counts[offset - start]

    def where(self, other: _Offsets) -> Iterator[tuple[str, int, int]]:
        """Yield the positions that are counted here and not in `other`."""
        for (topic, partition), counts in self._bytes.items():
            start = self._ranges[topic, partition][0]
            theirs = other._bytes[topic, partition]
            yield from ((topic, partition, start + n) for n, count in enumerate(counts) if count and not theirs[n])


def verify(
    settings: Settings,
    *,
    archive: ArchiveLocation | None,
    bounds: tuple[Bound, Bound] = (None, None),
    on_record: Callable[[], None],
) -> Account:
    """Account for the records between two bounds; `on_record` is called for each record and result.

    Results are those of the topics, or of `archive`. Raises `CheckpointError` when the query has committed nothing,
    `UsageError` and `TopicError` for a range that is not there, `BrokerError`, and `MachineError` for an archive that
    cannot be read.
    """
    committed = committed_offsets(settings.checkpoint_location)
    if committed is None:
        raise CheckpointError(
            f"The query '{settings.query}' has committed nothing yet, so there is nothing to account for; name another "
            "with --query, or its checkpoint with --checkpoint."
        )
    ends: dict[str, dict[str, int]] = json.loads(committed)
    record = read_record(Checkpoint(settings.checkpoint_location))
    account, ranges = Account(given_up=list(record.losses)), {}
    for (topic, partition), (earliest, last) in resolve(settings, sorted(ends), *bounds).items():
        # The results of earlier records are on outputs that a loss has closed.
        first = max(earliest, record.since.get(topic, {}).get(str(partition), 0))
        read_until = min(last, ends[topic].get(str(partition), 0))
        ranges[topic, partition] = (first, max(first, read_until))
        account.unread += max(0, last - max(first, read_until))
    records, results = _Offsets(ranges), _Offsets(ranges)
    # By first position: the attempts before, and the record's own position.
    redriven: dict[_Position, tuple[int, _Position]] = {}
    for input_record in read_ranges(settings, ranges):
        on_record()
        original = restored(input_record)
        if original.attempts:
            account.redriven += 1
            redriven[_position(original.source)] = original.attempts, _position(input_record.source)
            continue
        account.records += 1
        records.add(*_position(input_record.source))
    by_recipe: dict[str, _Offsets] = defaultdict(lambda: _Offsets(ranges))
    found = _archived(archive) if archive is not None else _published(settings)
    for kind, source, recipe in found:
        on_record()
        attempts, _ = redriven.get(_position(source), (0, None))
        if kind != "dead_letters" or int(recipe) > attempts:
            redriven.pop(_position(source), None)
        _enter(account, results, by_recipe, kind, source, recipe)
    for position in chain(records.where(results), (own for _, own in redriven.values())):
        account.missing_records += 1
        if len(account.missing) < _MOST_NAMED:
            account.missing.append(_name(*position))
    return account


def _enter(
    account: Account, results: _Offsets, by_recipe: dict[str, _Offsets], kind: str, source: Source, recipe: str
) -> None:
    position = _position(source)
    if results.add(*position) is None:
        # Of another query's input, or of another time.
        return
    if (by_recipe[recipe].add(*position) or 0) > 1:
        account.twice += 1
        if len(account.doubled) < _MOST_NAMED:
            account.doubled.append(_name(*position))
        return
    setattr(account, kind, getattr(account, kind) + 1)


def _published(settings: Settings) -> Iterator[tuple[str, Source, str]]:
    """Yield kind, position and recipe of each result on the topics; a dead letter has its attempts as its recipe."""
    for topic in (settings.output_topic, settings.dead_letter_topic):
        for record in read_ranges(settings, topic_ranges(settings, [topic], None, None)):
            if (result := _result(record, dead_letter=topic == settings.dead_letter_topic)) is not None:
                yield result


def _result(record: Record, *, dead_letter: bool) -> tuple[str, Source, str] | None:
    """Return what a record of the output topics says; None for a foreign one. Reads no more than it needs."""
    if dead_letter or record.value is None:
        source = read_source(record.headers)
        if source is None:
            return None
        if not dead_letter:
            return "deletions", source, ""
        attempts = dict(record.headers).get("error.attempts") or b""
        # Python refuses to read a number of thousands of digits.
        is_number = attempts.isdigit() and len(attempts) < 10
        return ("dead_letters", source, attempts.decode()) if is_number else None
    try:
        value, _ = parse_json(record.value.decode())
        return "summaries", Source.model_validate(lookup(value, "source")), str(lookup(value, "recipe"))
    except ValueError:
        return None


def _archived(archive: ArchiveLocation) -> Iterator[tuple[str, Source, str]]:
    for data_set, distinct in _DATA_SETS.items():
        columns = ["source", *distinct]
        for file in archive.parquet_files(data_set):
            row: dict[str, Any]
            for row in archive.read(file.path, columns).to_pylist():
                recipe = str(row["error"]["attempts"]) if "error" in row else row.get("recipe", "")
                yield data_set, Source.model_validate(row["source"]), recipe


def _position(source: Source) -> _Position:
    return source.topic, source.partition, source.offset


def _name(topic: str, partition: int, offset: int) -> str:
    return f"{topic}-{partition} offset {offset}"
