"""Where a query stands in its topics: read from Spark's own logs in its checkpoint, and moved on there.

offsets/N has the offset behind the last record of micro-batch N for each partition, and is written when the batch is
planned; commits/N is written when it is done; sources/0/0 has the offsets at which the query began.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streaming.spark.checkpoint.spark_logs import last_committed

# What Spark writes for a query without watermark and state.
_COMMIT = 'v1\n{"nextBatchWatermarkMs":0}'


@dataclass(frozen=True)
class Position:
    """Where a query stands in a partition: the `next` offset, and the `end` of a planned micro-batch, or `next`."""

    next: int
    end: int


Positions = dict[tuple[str, int], Position]


def read_positions(location: str) -> Positions:
    """Return where the query of the checkpoint at `location` stands; empty when it has not begun."""
    folder = Path(location)
    committed, planned = last_committed(location), _planned(folder)
    before = folder / "sources" / "0" / "0" if committed is None else folder / "offsets" / str(committed)
    starts = _offsets(before) if before.exists() else {}
    ends = _offsets(folder / "offsets" / str(planned)) if planned is not None else {}
    # A partition that the topic got in the meantime begins at 0.
    return {
        partition: Position(starts.get(partition, 0), ends.get(partition, starts.get(partition, 0)))
        for partition in starts | ends
    }


def name_planned(location: str) -> str:
    """Return the words for the offsets of a micro-batch that was planned and not committed; empty without one."""
    planned = sorted(read_positions(location).items())
    return ", ".join(
        name_offsets(*name, position.next, position.end) for name, position in planned if position.next < position.end
    )


def name_offsets(topic: str, partition: int, start: int, end: int | None) -> str:
    """Return the words for a partition's offsets from `start` to before `end`; without an end, to wherever it was."""
    if end is None:
        return f"{topic}-{partition} from offset {start} on"
    last = end - 1
    return f"{topic}-{partition} offset {last}" if last == start else f"{topic}-{partition} offsets {start} to {last}"


def move_positions(location: str, offsets: Mapping[tuple[str, int], int]) -> None:
    """Let the query of a checkpoint go on at `offsets`, which name every partition that there is.

    A micro-batch that was planned and not committed is forgotten. The change is noted as a committed micro-batch, so a
    crash in between leaves the checkpoint as it was, or with a micro-batch that is planned again here.
    """
    folder = Path(location)
    committed, planned = last_committed(location), _planned(folder)
    if planned is None:
        # Nothing was planned yet: Spark finds its beginning again.
        _remove(folder / "sources" / "0" / "0")
        return
    number = 0 if committed is None else committed + 1
    lines = (folder / "offsets" / str(planned)).read_text().splitlines()
    by_topic: dict[str, dict[str, int]] = {}
    for (topic, partition), offset in sorted(offsets.items()):
        by_topic.setdefault(topic, {})[str(partition)] = offset
    _write(folder / "offsets" / str(number), "\n".join([*lines[:-1], json.dumps(by_topic)]))
    commit_planned(location, number)


def commit_planned(location: str, number: int) -> None:
    """Note in a checkpoint that its planned micro-batch `number` is committed, in one step."""
    folder, committed = Path(location) / "commits", last_committed(location)
    _write(folder / str(number), _COMMIT if committed is None else (folder / str(committed)).read_text())


def _planned(folder: Path) -> int | None:
    return max((int(file.name) for file in (folder / "offsets").glob("[0-9]*") if file.name.isdigit()), default=None)


def _offsets(file: Path) -> dict[tuple[str, int], int]:
    topics: dict[str, dict[str, int]] = json.loads(file.read_text().splitlines()[-1])
    return {
        (topic, int(partition)): offset
        for topic, partitions in topics.items()
        for partition, offset in partitions.items()
    }


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.write_text(text)
    # Hadoop's checksum of an earlier file; without one it checks nothing.
    file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
    new.replace(file)


def _remove(file: Path) -> None:
    file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
    file.unlink(missing_ok=True)
