"""What a running query is doing now: how far its micro-batch is, whether it waits for records or for Kafka.

Spark itself counts the results that leave the Python workers, on every machine and for every sink. An executor reports
its counts with its heartbeat, so they are a few seconds old.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from streaming.spark.jvm.session import JVM_GONE

Doing = Literal["starting", "working", "idle", "waiting for Kafka"]
# Kafka answers within milliseconds; a query that asks for longer gets no answer.
_NO_ANSWER_SECONDS = 5.0
# Between two readings of the counts, which take 20 ms; heartbeats bring new counts every 2 s.
_COUNT_SECONDS = 1.0
# The executions that can belong to the running micro-batches of two queries: an outer and an inner one of each.
_LAST_EXECUTIONS = 4
# Where the results of the workers are counted: in the Kafka sink's own plan, or where `foreachBatch` reads them.
_RESULT_NODES = ("MapInPandas", "Scan ExistingRDD")
_ROWS = "number of output rows"


@dataclass(frozen=True)
class Look:
    """What a query is doing, for how many `seconds`; `done` of `total` records of its micro-batch have results.

    `total` is 0 while it is unknown. It counts offsets: a transaction's end, which is no record, is counted, too.
    """

    doing: Doing
    seconds: float
    done: int = 0
    total: int = 0
    stopping: bool = False


class Looker:
    """Looks at one query again and again; `silence` returns the seconds since Kafka's last answer to anybody."""

    def __init__(
        self, spark: SparkSession, query: StreamingQuery, *, to_kafka: bool, silence: Callable[[], float]
    ) -> None:
        self._spark, self._query, self._to_kafka, self._silence = spark, query, to_kafka, silence
        self._doing: Doing = "starting"
        self._since = self._answered = time.monotonic()
        self._counted = 0.0
        self._done = self._total = 0

    def look(self, *, stopping: bool) -> Look:
        """Return what the query is doing now."""
        now = time.monotonic()
        try:
            doing = self._what(now)
        except JVM_GONE:
            # It says nothing any more; the wait for the query's end raises the reason.
            doing = self._doing
        if doing != self._doing:
            self._doing = doing
            self._since = self._answered if doing == "waiting for Kafka" else now
        return Look(doing, now - self._since, self._done, self._total, stopping)

    def _what(self, now: float) -> Doing:
        status = self._query.status
        asking = status["message"].startswith("Getting offsets")
        busy = bool(status["isTriggerActive"] and status["isDataAvailable"])
        if not busy:
            self._done = self._total = 0
        elif now - self._counted >= _COUNT_SECONDS:
            self._counted = now
            self._done, self._total = self._count()
        # The Kafka sink ends a micro-batch when Kafka has acknowledged all results.
        flushing = busy and self._to_kafka and self._done == self._total > 0
        if not asking and not flushing:
            # Spark waits for nobody; but a broker that is lost while the model works answers nobody.
            self._answered = now - self._silence()
        if now - self._answered >= _NO_ANSWER_SECONDS:
            return "waiting for Kafka"
        if asking or flushing:
            return self._doing
        idle = status["message"] == "Waiting for data to arrive"
        return "working" if busy else "idle" if idle else self._doing

    def _count(self) -> tuple[int, int]:
        """Return how many results and how many records the running micro-batch has."""
        jvm_query: Any = self._query._jsq
        execution = jvm_query.streamingQuery()
        available, committed = execution.availableOffsets(), execution.committedOffsets()
        if available.isEmpty():
            return 0, 0
        source = available.keys().toSeq().apply(0)
        last = committed.get(source)
        # A new query has committed nothing.
        start = last.get() if last.isDefined() else source.initialOffset()
        total = _sum(available.apply(source).json()) - _sum(start.json())
        return min(results_so_far(self._spark, self._query.runId), total), total


def results_so_far(spark: SparkSession, mark: str, nodes: Collection[str] = _RESULT_NODES) -> int:
    """Return the results so far of those of Spark's executions that run now and have `mark` in their description.

    `nodes` names the parts of a plan through which results pass, each result through one of them.
    """
    return sum(_results(spark, mark, nodes))


def _results(spark: SparkSession, mark: str, nodes: Collection[str]) -> Iterator[int]:
    store = spark._jsparkSession.sharedState().statusStore()
    first = max(0, store.executionsCount() - _LAST_EXECUTIONS)
    for execution in _items(store.executionsList(first, _LAST_EXECUTIONS)):
        if execution.completionTime().isDefined() or mark not in execution.description():
            continue
        values = store.executionMetrics(execution.executionId())
        for node in _items(store.planGraph(execution.executionId()).allNodes()):
            for metric in _items(node.metrics()) if node.name() in nodes else ():
                value = values.get(metric.accumulatorId())
                if metric.name() == _ROWS and value.isDefined():
                    # Java writes "1,234".
                    yield int(value.get().replace(",", ""))


def _items(sequence: Any) -> Iterator[Any]:
    return (sequence.apply(index) for index in range(sequence.size()))


def _sum(offsets: str) -> int:
    """Return the sum of the offsets in Spark's JSON of topic, partition and next offset."""
    topics: dict[str, dict[str, int]] = json.loads(offsets)
    return sum(offset for partitions in topics.values() for offset in partitions.values())
