"""Which queries of a data dir will still read a record: those whose checkpoints are not behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streaming.errors import CheckpointError
from streaming.kafka.topics import Topic
from streaming.settings import Settings
from streaming.spark.checkpoint import Checkpoint, committed_offsets, read_record


@dataclass(frozen=True)
class QueryProgress:
    """A checkpoint: the ids of its topics by name, the next offset of each partition, the outputs of its last start."""

    folder: Path
    topic_ids: Mapping[str, str]
    next_offsets: Mapping[str, Mapping[str, int]]
    outputs: tuple[str, ...]

    def will_read(self, topic: Topic, partition: int, offset: int) -> bool:
        """Tell whether the query reads this topic, and has not committed this offset yet."""
        if self.topic_ids.get(topic.name) != topic.id:
            return False
        return offset >= self.next_offsets.get(topic.name, {}).get(str(partition), 0)


def queries(settings: Settings) -> list[QueryProgress]:
    """Return the progress of the queries of the data dir and of the settings' checkpoint, those of archives included.

    A checkpoint that cannot be read is left out: its query cannot start.
    """
    own = Path(settings.checkpoint_location)
    folders = {*(settings.data_dir / "checkpoints").glob("*"), own, *own.parent.glob(f"{own.name}-archive-*")}
    progress = []
    for folder in sorted(folders):
        try:
            record = read_record(Checkpoint(str(folder)))
        except CheckpointError:
            continue
        if record.topic_ids:
            offsets = json.loads(committed_offsets(str(folder)) or "{}")
            progress.append(QueryProgress(folder, record.topic_ids, offsets, record.outputs))
    return progress
