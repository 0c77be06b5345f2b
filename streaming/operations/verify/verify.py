"""`gistream verify`: accounts for every record of the input by a summary, a deletion or a dead letter.

Reads what the query has committed, from the beginning of the topics or between two times, and then all results. Needs
a byte for each offset, and one more for each recipe; no document and no summary is kept.

A redriven record has its result at the position that its document had first: a summary, a deletion, or a dead letter of
one more attempt.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from pydantic_core import from_json

from streaming.archive import ArchiveLocation, read_identities
from streaming.errors import CheckpointError
from streaming.kafka.records import Ranges, read_raw, to_record, topic_ranges
from streaming.messages import Header, Source, read_source, restored
from streaming.operations.offset_range import Bound, resolve
from streaming.operations.verify.unmet import Deletions, add_archived
from streaming.settings import Settings
from streaming.spark.checkpoint.checkpoint import Checkpoint, read_record
from streaming.spark.checkpoint.spark_logs import committed_offsets

# Positions that a report names.
_MOST_NAMED = 20
_Position = tuple[str, int, int]
# The kind, which is also a data set of the archive; topic, partition and offset of the record; the recipe of a summary,
# the attempts of a dead letter.
_Result = tuple[str, str, int, int, str]


@dataclass
class Account:
    """The outcome: how many records there are, what became of them, and which have nothing.

    `records` counts documents and deletions, `redriven` the records that brought one of them again. `twice` counts
    results that stand more than once with the same identity. `unread` counts offsets behind the last commit. `missing`
    and `doubled` name the first positions. `given_up` says when which offsets were given up, because their records were
    lost before the query read them. `unmet` counts deletions whose id no summary among the results has.
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
    unmet: int = 0
    unmet_positions: list[str] = field(default_factory=list)


class _Offsets:
    """A byte for each offset of the input's ranges."""

    def __init__(self, ranges: Ranges) -> None:
        # By partition: the first offset, and how often each one was counted.
        self._counts = {name: (start, bytearray(max(0, end - start))) for name, (start, end) in ranges.items()}

    def add(self, topic: str, partition: int, offset: int) -> int | None:
        """Count one more at an offset and return how many there are; None when it is in none of the ranges."""
        counted = self._counts.get((topic, partition))
        if counted is None:
            return None
        start, counts = counted
        place = offset - start
        if not 0 <= place < len(counts):
            return None
        counts[place] = count = min(255, counts[place] + 1)
        return count

    def has(self, topic: str, partition: int, offset: int) -> bool:
        """Tell whether an offset was counted."""
        start, counts = self._counts.get((topic, partition), (0, bytearray()))
        return 0 <= offset - start < len(counts) and counts[offset - start] > 0

    def where(self, other: _Offsets) -> Iterator[tuple[str, int, int]]:
        """Yield the positions that are counted here and not in `other`."""
        for (topic, partition), (start, counts) in self._counts.items():
            _, theirs = other._counts[topic, partition]
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
    for input_record in read_raw(settings, ranges, check_sums=False):
        on_record()
        own = input_record.topic, input_record.partition, input_record.offset
        # Few records have headers; without them it is not redriven.
        original = restored(to_record(input_record)) if input_record.headers else None
        if original is not None and original.attempts:
            account.redriven += 1
            redriven[_position(original.source)] = original.attempts, own
            continue
        account.records += 1
        records.add(*own)
    by_recipe: dict[str, _Offsets] = defaultdict(lambda: _Offsets(ranges))
    deletions = Deletions()
    published = _published(settings, deletions) if archive is None else read_identities(archive)
    for kind, topic, partition, offset, recipe in published:
        on_record()
        position = topic, partition, offset
        if position in redriven and (kind != "dead_letters" or int(recipe) > redriven[position][0]):
            del redriven[position]
        _enter(account, results, by_recipe, kind, position, recipe)
    for position in chain(records.where(results), (own for _, own in redriven.values())):
        account.missing_records += 1
        if len(account.missing) < _MOST_NAMED:
            account.missing.append(_name(*position))
    if archive is not None:
        add_archived(archive, deletions)
    unmet = [position for position in deletions.unmet(settings, archive) if results.has(*position)]
    account.unmet = len(unmet)
    account.unmet_positions = [_name(*position) for position in unmet[:_MOST_NAMED]]
    return account


def _enter(
    account: Account,
    results: _Offsets,
    by_recipe: dict[str, _Offsets],
    kind: str,
    position: _Position,
    recipe: str,
) -> None:
    if results.add(*position) is None:
        # Of another query's input, or of another time.
        return
    # What is no summary has no recipe: each kind is counted for itself.
    if (by_recipe[recipe or kind].add(*position) or 0) > 1:
        account.twice += 1
        if len(account.doubled) < _MOST_NAMED:
            account.doubled.append(_name(*position))
        return
    setattr(account, kind, getattr(account, kind) + 1)


def _published(settings: Settings, deletions: Deletions) -> Iterator[_Result]:
    """Yield kind, position and recipe of each result on the topics, and note deletions; a foreign record is none."""
    for topic, read in ((settings.output_topic, _summary_or_deletion), (settings.dead_letter_topic, _dead_letter)):
        for record in read_raw(settings, topic_ranges(settings, [topic], None, None), check_sums=False):
            result = read(record)
            if result is not None:
                if result[0] == "deletions":
                    deletions.add(record.key, result[1:4])
                yield result


def _summary_or_deletion(record: Any) -> _Result | None:
    if record.value is None:
        return _positioned("deletions", record.headers)
    try:
        value = from_json(record.value)
    except ValueError:
        return None
    # Without building a message: a third of the time.
    match value:
        case {
            "source": {"topic": str(topic), "partition": int(partition), "offset": int(offset)},
            "recipe": str(recipe),
        }:
            return "summaries", topic, partition, offset, recipe
    return None


def _dead_letter(record: Any) -> _Result | None:
    attempts = dict(record.headers).get("error.attempts") or b""
    # Python refuses to read a number of thousands of digits.
    is_number = attempts.isdigit() and len(attempts) < 10
    return _positioned("dead_letters", record.headers, attempts.decode()) if is_number else None


def _positioned(kind: str, headers: Sequence[Header], attempts: str = "") -> _Result | None:
    source = read_source(headers)
    return (kind, *_position(source), attempts) if source is not None else None


def _position(source: Source) -> _Position:
    return source.topic, source.partition, source.offset


def _name(topic: str, partition: int, offset: int) -> str:
    return f"{topic}-{partition} offset {offset}"
