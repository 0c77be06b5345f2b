"""The seconds of one document on a warm, idle pipeline, and in the engine alone.

Each document is sent to the topic of a running query when the one before it is committed, and its summary is read from
the output topic. When the query has ended, an engine of the same recipe generates the summaries of the same documents,
in a process of its own, because the pipeline's engine keeps the prompts that it has computed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from pyspark.sql.streaming.query import StreamingQuery

from benchmarks.contract import Delay, Document
from benchmarks.systems.lanes import messages
from benchmarks.systems.pipeline import Pipeline, to_record
from consumers.tail import Tail, TailRead
from producers import Publisher
from streaming.errors import EngineError
from streaming.messages import Summary
from streaming.protocol import Engine, GenerationRequest, Sampling
from streaming.spark.jvm.session import spark_log
from streaming.spark.pace import pace_of
from streaming.spark.prepare import Plan
from streaming.spark.query import hold_checkpoint, running

# A document of 500 words without a summary by now is a dead letter, or its query has ended.
_ARRIVAL_SECONDS = 300
_LOOK_SECONDS = 1


def delays(pipeline: Pipeline, documents: Sequence[Document], on_part: Callable[[], None]) -> list[Delay]:
    """Return the delays of all `documents` but the first, which warms the query and both engines.

    Raises `EngineError` when a document has no summary.
    """
    plan = pipeline.plan()
    with (
        hold_checkpoint(plan) as checkpoint,
        running(pipeline.spark, plan, pace_of(plan), checkpoint_id=checkpoint) as query,
        Publisher(plan.settings) as publisher,
        closing(Tail(plan.settings)) as tail,
    ):
        tail.seek("earliest")
        reads = tail.read()
        pipeline_seconds = []
        for number, document in enumerate(documents, 1):
            began = time.perf_counter()
            publisher.send(to_record(document))
            publisher.flush()
            _await_summary(reads, document, query, spark_log(plan.settings).name)
            pipeline_seconds.append(time.perf_counter() - began)
            _await_commits(query, number)
            on_part()
    engine_seconds = _alone(plan, documents)
    return [Delay(*seconds) for seconds in zip(pipeline_seconds, engine_seconds, strict=True)][1:]


def _alone(plan: Plan, documents: Sequence[Document]) -> list[float]:
    """Return the seconds that an engine takes for each document, one after the other."""
    work = plan.task_plan.work
    engine = work.engine.load()
    try:
        return [asyncio.run(_generate(engine, document, work.recipe.max_tokens)) for document in documents]
    finally:
        engine.close()


def _await_summary(reads: Iterator[TailRead | None], document: Document, query: StreamingQuery, log: str) -> None:
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    for message in reads:
        if isinstance(message, Summary) and message.id == document.id:
            return
        if time.monotonic() > deadline or not query.isActive:
            raise EngineError(f"The idle pipeline gave no summary of {document.id}; see {log}.")


def _await_commits(query: StreamingQuery, count: int) -> None:
    """Wait until `count` micro-batches with a document are committed: the next document finds the query idle."""
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    while sum(progress["numInputRows"] > 0 for progress in query.recentProgress) < count:
        if time.monotonic() > deadline or not query.isActive:
            raise EngineError("The idle pipeline did not commit a document's micro-batch.")
        query.awaitTermination(_LOOK_SECONDS)


async def _generate(engine: Engine, document: Document, max_tokens: int) -> float:
    """Return the seconds that the engine takes for all chunks of a document."""
    began = time.perf_counter()
    requests = (GenerationRequest(tuple(messages(chunk)), Sampling(), max_tokens) for chunk in document.chunks)
    await asyncio.gather(*map(engine.generate, requests))
    return time.perf_counter() - began
