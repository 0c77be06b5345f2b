"""What will still read a record: the queries of a data dir whose checkpoints are not behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streaming.errors import CheckpointError
from streaming.kafka.topic import Topic
from streaming.settings import Settings
from streaming.spark.checkpoint.checkpoint import Checkpoint, read_record
from streaming.spark.checkpoint.spark_logs import committed_offsets


@dataclass(frozen=True)
class Reader:
    """A query, the copy of an archive, or a replay: how far it is, and where its results go.

    `remedy` says how it is given up. `topic_ids` are the ids of its topics by name, `next_offsets` those of each
    partition, `ends` the ends of a replay's range; None for a query, which has none. `outputs` are in the words of
    `other_results`.
    """

    name: str
    remedy: str
    topic_ids: Mapping[str, str]
    next_offsets: Mapping[str, Mapping[str, int]]
    ends: Mapping[tuple[str, int], int] | None = None
    outputs: tuple[str, ...] = ()
    dead_letter_topics: tuple[str, ...] = field(default=())

    def will_read(self, topic: Topic, partition: int, offset: int) -> bool:
        """Tell whether it reads this topic, and has not committed this offset yet."""
        if self.ends is None and topic.name not in self.topic_ids:
            return False
        if self.topic_ids.get(topic.name, topic.id) != topic.id:
            # It was deleted and created again.
            return False
        start = self.next_offsets.get(topic.name, {}).get(str(partition), 0)
        return start <= offset and (self.ends is None or offset < self.ends.get((topic.name, partition), 0))


def queries(settings: Settings) -> list[Reader]:
    """Return the queries of the data dir and of the settings' checkpoint, and the copies of their archives.

    A checkpoint that cannot be read is left out: its query cannot start.
    """
    own = Path(settings.checkpoint_location)
    folders = {*(settings.data_dir / "checkpoints").glob("*"), own, *own.parent.glob(f"{own.name}-archive-*")}
    readers = []
    for folder in sorted(folders):
        try:
            record = read_record(Checkpoint(str(folder)))
        except CheckpointError:
            continue
        if record.topic_ids:
            offsets = json.loads(committed_offsets(str(folder)) or "{}")
            name, remedy = f"the query of {folder}", "remove that folder if the query is given up"
            readers.append(Reader(name, remedy, record.topic_ids, offsets, None, record.outputs))
    return readers
