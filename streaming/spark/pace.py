"""The pace of a query: how many documents a micro-batch has, chosen by the time that the last ones took.

A micro-batch is the unit of commit: a crash repeats it, and a stop waits for it, so it should be short. But Spark takes
a third of a second for each, and slots idle at its end, so it should be long. It is sized to less than a minute of
work, whatever the documents are: 32 chapters, or a thousand summaries from the store.

Spark fixes the size when a stream starts; `limit_batches` changes it in a running stream. The micro-batch that Spark
has already planned keeps its size. The size is kept beside the checkpoint, and the next start begins with it. A query
without one begins with two micro-batches that fill the slots once, because its documents may be slow.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from streaming.settings import MIB, Settings
from streaming.spark.checkpoint.checkpoint import write_beside
from streaming.spark.jvm.session import JVM_GONE
from streaming.spark.look import Look
from streaming.spark.prepare import Plan, documents_for, first_documents, wave_of
from streaming.spark.watch import Batch

_FILE = "gistream-pace.json"
# A stop waits 60 s for a micro-batch (`grace`), so it should end in less.
_SECONDS = 50
# A micro-batch that takes longer than that is of other documents than the ones before it.
_LATE_SECONDS = 2 * _SECONDS
# From the store 1,000 take 1.1 s, of which 0.3 s are Spark's (measurements.md, pace). When the store has no more, one
# micro-batch of so many is generated: 25 minutes for chapters with the sample model.
_MOST_DOCUMENTS = 1000
# The driver collects a micro-batch for Parquet, where Spark takes at most 1 GiB, and each may be a dead letter.
_COLLECTED_BYTES = 512 * MIB
# A few documents say little about many others.
_MOST_GROWTH = 32


@dataclass(frozen=True)
class Sizes:
    """The sizes of a micro-batch, in documents: `wave` fills the slots, `fewest` is the smallest, `most` the largest.

    A query begins with `first`. With `fewest` = `most` the size is fixed.
    """

    first: int
    wave: int
    fewest: int
    most: int

    def clamp(self, documents: float) -> int:
        """Return the size next to a number of documents: whole waves, because a part of one leaves slots idle."""
        whole = int(documents) // self.wave * self.wave
        return min(max(whole, self.fewest), self.most)

    def after(self, batch: Batch, size: int) -> int:
        """Return the size after a micro-batch of a query whose size is `size` now."""
        ideal = self.clamp(batch.records * min(_SECONDS / max(batch.seconds, 0.001), _MOST_GROWTH))
        # A micro-batch that had room for more says only that documents are not slower than this.
        had_room = 2 * batch.records < size and batch.seconds < _SECONDS
        return max(size, ideal) if had_room else ideal


class Pace:
    """The size of the micro-batches of one query, over all of its streams; `documents` is the size of the next one.

    The size is kept at `location`, the checkpoint's. A query that computes otherwise than `work` says begins again.
    """

    def __init__(self, sizes: Sizes, location: str, work: object) -> None:
        """Begin with the size that is kept, or with the first one."""
        self._sizes, self._location, self._work = sizes, location, work
        self._late_at: float | None = None
        file = Path(location) / _FILE
        content = json.loads(file.read_text()) if file.exists() else {}
        self.documents = sizes.clamp(content["documents"]) if content.get("work") == work else sizes.first

    def on_batch(self, batch: Batch) -> bool:
        """Choose the size again after a micro-batch; returns whether it changed.

        Raises `CheckpointError` when the size cannot be written down.
        """
        self._late_at = None
        return bool(batch.records) and self._choose(self._sizes.after(batch, self.documents))

    def on_look(self, look: Look) -> bool:
        """Choose a small size when the running micro-batch is late; returns whether it changed; raises as above."""
        now = time.monotonic()
        if look.doing != "working":
            self._late_at = None
            return False
        self._late_at = self._late_at or now + _LATE_SECONDS
        if now < self._late_at:
            return False
        return self._choose(min(self.documents, self._sizes.clamp(look.done * _SECONDS / _LATE_SECONDS)))

    def _choose(self, documents: int) -> bool:
        if documents == self.documents:
            return False
        self.documents = documents
        write_beside(self._location, _FILE, {"documents": documents, "work": self._work})
        return True


def sizes_of(settings: Settings, *, slots: int, executors: int) -> Sizes:
    """Return the sizes of a query whose executors have engines of so many slots each."""
    if settings.batch_documents is not None:
        fixed = settings.batch_documents * executors
        return Sizes(fixed, fixed, fixed, fixed)
    fewest = documents_for(slots) * executors
    most = _MOST_DOCUMENTS if settings.to_kafka else _COLLECTED_BYTES // settings.max_document_bytes
    return Sizes(first_documents(slots) * executors, wave_of(slots) * executors, fewest, max(most, fewest))


def pace_of(plan: Plan) -> Pace:
    """Return the pace of a plan's query, as its last start left it."""
    settings, setup = plan.settings, plan.choice.setup
    sizes = sizes_of(settings, slots=setup.slots, executors=plan.layout.executors)
    work = {
        # All that decides how long a document takes.
        "recipe": plan.task_plan.work.recipe_name,
        "setup": asdict(setup),
        "layout": asdict(plan.layout),
        # A new way of reading begins with few documents, because those that it cannot read are held back.
        "reading": plan.task_plan.record_format.content,
    }
    # As JSON has it: lists for tuples.
    return Pace(sizes, settings.checkpoint_location, json.loads(json.dumps(work)))


def limit_batches(spark: SparkSession, query: StreamingQuery, documents: int) -> None:
    """Let the micro-batches of a running query that are not planned yet have at most so many records.

    Spark asks its source for as much as a map of limits says, which is filled when the stream starts.
    """
    jvm_query: Any = query._jsq
    # A query whose JVM is gone has no next micro-batch; the wait for its end raises the reason.
    with suppress(*JVM_GONE):
        execution, jvm = jvm_query.streamingQuery(), spark._jvm
        limits = execution.uniqueSources()
        source = limits.keys().toSeq().apply(0)
        limit = jvm.org.apache.spark.sql.connector.read.streaming.ReadLimit.maxRows(documents)  # type: ignore[union-attr]
        getattr(execution, "uniqueSources_$eq")(limits.updated(source, limit))
