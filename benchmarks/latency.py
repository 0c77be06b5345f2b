"""How long one document takes on a warm, idle pipeline, and how much of that is the engine.

Each document is sent to the topic of a running query, and its summary read from the output topic; then an engine of the
same recipe, in a process of its own, generates the summary of the same document. A process of its own, because the
pipeline's would have kept what it computed of the prompt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from pyspark.sql.streaming.query import StreamingQuery

from benchmarks.contract import Delay, Document
from benchmarks.systems.lanes import messages
from benchmarks.systems.pipeline import Pipeline, outgoing
from consumers.tail import Tail, TailRead
from producers.publisher import open_publisher
from streaming.errors import EngineError
from streaming.messages import Summary
from streaming.protocol import Engine, Sampling
from streaming.query import checkpointed, running
from streaming.session import spark_log

# A document is 500 words; one that has no summary by now is a dead letter, or its query has ended.
_ARRIVAL_SECONDS = 300


def delays(pipeline: Pipeline, documents: Sequence[Document], finished: Callable[[], None]) -> list[Delay]:
    """Return the delays of all `documents` but the first, which warms the query and both engines.

    Raises `EngineError` when a document has no summary.
    """
    plan = pipeline.plan()
    settings = plan.settings
    engine = plan.job.work.engine.load()
    found: list[Delay] = []
    try:
        with (
            checkpointed(plan) as checkpoint,
            running(pipeline.spark, plan, checkpoint_id=checkpoint) as query,
            open_publisher(settings) as publisher,
        ):
            tail = Tail(settings)
            tail.seek("earliest")
            reads = tail.read()
            for document in documents:
                began = time.perf_counter()
                publisher.send(outgoing(document))
                publisher.flush()
                _await_summary(reads, document, query, spark_log(settings).name)
                there = time.perf_counter() - began
                found.append(Delay(there, asyncio.run(_generate(engine, document, settings.max_tokens))))
                finished()
            tail.close()
    finally:
        engine.close()
    return found[1:]


def _await_summary(reads: Iterator[TailRead | None], document: Document, query: StreamingQuery, log: str) -> None:
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    for read in reads:
        if isinstance(read, Summary) and read.id == document.id:
            return
        if time.monotonic() > deadline or not query.isActive:
            raise EngineError(f"The idle pipeline gave no summary of {document.id}; see {log}.")


async def _generate(engine: Engine, document: Document, max_tokens: int) -> float:
    """Return the seconds that the engine takes for all chunks of a document."""
    began = time.perf_counter()
    await asyncio.gather(
        *(engine.generate(messages(chunk), sampling=Sampling(), max_tokens=max_tokens) for chunk in document.chunks)
    )
    return time.perf_counter() - began
