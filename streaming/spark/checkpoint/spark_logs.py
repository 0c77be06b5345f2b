"""Spark's own logs in a checkpoint: `offsets` are planned, `commits` are done, `sources` say where it began."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


def last_committed(location: str) -> int | None:
    """Return the number of the last micro-batch that Spark committed; None when there is none."""
    folder = Path(location) / "commits"
    return max((int(file.name) for file in folder.glob("[0-9]*") if file.name.isdigit()), default=None)


@dataclass(frozen=True)
class PlannedBatch:
    """A micro-batch that Spark planned: its number, the offsets of each partition, and Spark's JSON of their ends.

    `planned_at` is the time of the planning, in milliseconds since 1970, 0 where Spark has not noted it.
    """

    number: int
    ranges: dict[tuple[str, int], tuple[int, int]]
    end_offsets: str
    planned_at: int


def planned_batch(location: str) -> PlannedBatch:
    """Return the last micro-batch that Spark planned, committed or not."""
    folder = Path(location) / "offsets"
    number = max(int(file.name) for file in folder.glob("[0-9]*") if file.name.isdigit())
    _, metadata, *_, end_offsets = (folder / str(number)).read_text().splitlines()
    before = folder / str(number - 1) if number else _first_offsets(location)
    starts, ends = json.loads(_last_line(before)), json.loads(end_offsets)
    ranges = {
        # A partition that the topic got in the meantime begins at its first offset.
        (topic, int(partition)): (starts.get(topic, {}).get(partition, 0), end)
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    }
    return PlannedBatch(number, ranges, end_offsets, int(json.loads(metadata).get("batchTimestampMs", 0)))


def committed_offsets(location: str) -> str | None:
    """Return Spark's JSON of topic, partition and next offset after the last committed micro-batch; None before one."""
    number = last_committed(location)
    file = Path(location) / "offsets" / str(number)
    return _last_line(file) if number is not None and file.exists() else None


def next_offsets(location: str) -> str | None:
    """Return Spark's JSON of topic, partition and the offset at which a query goes on; None before it has looked."""
    first = _first_offsets(location)
    return committed_offsets(location) or (_last_line(first) if first.exists() else None)


def _first_offsets(location: str) -> Path:
    """Return the file in which Spark notes where the only source of a query begins."""
    return Path(location) / "sources" / "0" / "0"


def _last_line(file: Path) -> str:
    return file.read_text().splitlines()[-1]


def check_log(folder: Path) -> None:
    """Check the newest entry of one of Spark's logs: Spark reports a broken entry as a Java exception.

    Raises `ValueError` and `OSError`.
    """
    if not folder.is_dir():
        return
    batches = sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())
    if not batches:
        return
    newest = folder / str(batches[-1])
    version, *rest = newest.read_text().splitlines() or [""]
    if not version.startswith("v"):
        raise ValueError(f"{newest} is not a file of Spark's")
    for line in rest:
        if line not in ("-", ""):
            json.loads(line)
