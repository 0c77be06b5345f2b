"""A range of the input, as its user names it: between two times, or between two offsets of each partition.

    -1h                        an hour ago; also earliest, latest, and a time in ISO 8601
    documents:0=10,documents:1=20    an offset of each partition; no other partition belongs to the range
    0=10,1=20                  the same, where there is one input topic

The end is the first offset, or the first moment, that no longer belongs to the range.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from consumers.tail import parse_start
from streaming.errors import TopicError, UsageError
from streaming.kafka.records import Ranges, topic_ranges
from streaming.settings import Settings

# An offset of each partition, by topic (None: the only one) and number.
Offsets = Mapping[tuple[str | None, int], int]
# A moment in milliseconds since 1970, or None: the beginning of the topics as a start, their end now as an end.
Bound = int | Offsets | None

_OFFSET = re.compile(r"(?:([A-Za-z0-9._-]+):)?(\d{1,9})=(\d{1,18})")


def parse_bounds(start: str, end: str) -> tuple[Bound, Bound]:
    """Read what `--from` and `--to` say; raises `UsageError`."""
    if start.strip() == "latest" or end.strip() == "earliest":
        raise UsageError("--from latest and --to earliest leave nothing between them.")
    bounds = _parse(start, "--from"), _parse(end, "--to")
    if isinstance(bounds[0], int) and isinstance(bounds[1], int) and bounds[0] >= bounds[1]:
        raise UsageError(f"--from {start} is not before --to {end}, so there is nothing between them.")
    return bounds


def _parse(text: str, flag: str) -> Bound:
    parts = [part.strip() for part in text.split(",")]
    matches = [match for part in parts if (match := _OFFSET.fullmatch(part))]
    if len(matches) == len(parts):
        offsets = {(topic, int(partition)): int(offset) for topic, partition, offset in (m.groups() for m in matches)}
        if len(offsets) < len(matches):
            raise UsageError(f"{flag} names a partition twice.")
        return offsets
    if "=" in text:
        raise UsageError(f"{flag} takes offsets as partition=offset or topic:partition=offset, with commas between.")
    moment = parse_start(text.strip(), flag)
    return None if isinstance(moment, str) else moment


def resolve(settings: Settings, topics: Sequence[str], start: Bound, end: Bound) -> Ranges:
    """Return the offsets between two bounds, from the first to the one after the last, for each partition.

    Where a bound has offsets, only the partitions that it names belong to the range. Raises `UsageError` for a
    partition that is not there and offsets that the topic has never had, `TopicError` for offsets that are gone and
    a topic that does not exist, and `BrokerError`.
    """
    between = topic_ranges(
        settings, topics, start if isinstance(start, int) else None, end if isinstance(end, int) else None
    )
    starts, ends = _named(start, topics), _named(end, topics)
    if starts is None and ends is None:
        # A later record may have an earlier time.
        return {name: (first, max(first, last)) for name, (first, last) in between.items()}
    if starts is not None and ends is not None and set(starts) != set(ends):
        raise UsageError("--from and --to name different partitions.")
    whole = topic_ranges(settings, topics, None, None)
    ranges = {}
    for name in starts or ends or {}:
        if name not in whole:
            raise UsageError(f"There is no partition {_text(name)}.")
        first = between[name][0] if starts is None else starts[name]
        last = between[name][1] if ends is None else ends[name]
        _check(name, first, last, whole[name])
        ranges[name] = (first, last)
    return ranges


def _named(bound: Bound, topics: Sequence[str]) -> dict[tuple[str, int], int] | None:
    """Return the offsets of a bound that has some, with the name of each topic."""
    if bound is None or isinstance(bound, int):
        return None
    named = {}
    for (topic, partition), offset in bound.items():
        if topic is None and len(topics) > 1:
            raise UsageError(f"There are several input topics ({', '.join(topics)}): name one, as in {topics[0]}:0=10.")
        if topic is not None and topic not in topics:
            raise UsageError(f"Topic '{topic}' is none of the input topics ({', '.join(topics)}).")
        named[topic or topics[0], partition] = offset
    return named


def _check(name: tuple[str, int], first: int, last: int, whole: tuple[int, int]) -> None:
    beginning, end = whole
    if first < beginning:
        raise TopicError(
            f"Offset {first} of {_text(name)} is gone: retention or an administrator deleted what was before offset "
            f"{beginning}."
        )
    if last > end:
        raise UsageError(f"Offset {last} of {_text(name)} is behind its end, which is {end} now.")
    if first > last:
        raise UsageError(f"The range of {_text(name)} ends at {last}, before its start at {first}.")


def _text(name: tuple[str, int]) -> str:
    return f"{name[0]}:{name[1]}"
