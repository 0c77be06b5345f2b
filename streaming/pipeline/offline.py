"""Documents in, summaries out, in this process: to try a prompt or a model without Kafka and without Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streaming.errors import DocumentError
from streaming.messages import Document, Summary
from streaming.pipeline.desk import Desk, unload
from streaming.pipeline.in_flight import in_flight
from streaming.planning.work import Work

Attempt = tuple[Document, Summary | DocumentError]


def summarize_documents(
    work: Work, documents: Iterator[Document], on_progress: Callable[[float], None]
) -> Iterator[Attempt]:
    """Yield each document when it is done, with its summary or its error; the model is freed at the end.

    `on_progress` is called with the share of the model that is loaded, from 0 to 1.

    Raises `EngineError` when the model cannot be loaded or fails.
    """
    desk = Desk(work, on_progress)

    async def attempt(document: Document) -> Attempt:
        return document, await desk.attempt(document)

    try:
        for attempts in in_flight(documents, attempt, most=work.in_flight):
            yield from attempts
    finally:
        unload()
