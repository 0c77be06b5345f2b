"""The lag of a query: how many offsets of each input partition are not committed yet."""

from __future__ import annotations

from types import TracebackType

from streaming.kafka.end_offsets import EndOffsets
from streaming.spark.checkpoint.positions import read_positions
from streaming.spark.prepare import Plan

# The lag of each topic and partition, in offsets.
Lag = dict[tuple[str, int], int]


class QueryLag:
    """Reads the lag of a plan's query, for as long as the context lasts."""

    def __init__(self, plan: Plan) -> None:
        self._location = plan.settings.checkpoint_location
        self._begins = {(topic.name, n): begin for topic in plan.inputs for n, (begin, _) in topic.bounds.items()}
        self._ends = EndOffsets(plan.settings)

    def __enter__(self) -> QueryLag:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.close()

    def read(self) -> Lag:
        """Return the lag now; empty while Kafka does not answer.

        It counts offsets, so also those that have no record, such as the end of a transaction.
        """
        # Partitions that came after the start are in the checkpoint as soon as the query reads them.
        nexts = self._begins | {name: position.next for name, position in read_positions(self._location).items()}
        ends = self._ends.read(nexts)
        return {name: max(0, end - nexts[name]) for name, end in ends.items()}
