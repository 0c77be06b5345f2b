"""Several documents at once: a generator that keeps a bounded number open and yields outcomes as they finish."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

# Threads for the work on texts next to the engine: cutting, counting, judging. Two are as fast as one (0.10 s and
# 0.09 s for 32 answers, six take 0.16 s), and a book does not block a short text (measurements.md, text threads).
_THREADS = 2
# Items that are read at once: as many as Spark hands over at once (`maxRecordsPerBatch` in `spark.jvm.session`).
_READ = 8
# Outcomes within this time are one frame while other items are open. A frame takes 4 ms of the processors that the
# engine needs: here, in Spark, in Kafka and in who reads the topic (measurements.md, frames).
_TOGETHER_SECONDS = 0.25

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def in_flight(
    items: Iterator[Item], begin: Callable[[Item], Coroutine[Any, Any, Outcome]], *, most: int
) -> Iterator[list[Outcome]]:
    """Yield the outcomes of `items` as they finish, those of a moment together; at once, in the order of their items.

    `begin` is called for each item in order, as soon as fewer than `most` are open, and returns a coroutine. Items are
    read in a thread, so that one that is slow to come holds up neither the others nor their outcomes.
    An exception of one outcome ends everything, behind the outcomes that are there by then. The others are cancelled,
    as they are when the generator is closed.
    """
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="gistream-text"))
    reader = ThreadPoolExecutor(1, thread_name_prefix="gistream-read")
    reading: asyncio.Future[list[Item]] | None = None
    read: deque[Item] = deque()
    exhausted = False
    ready: list[Outcome] = []
    ready_at = math.inf
    # A dictionary, because it keeps the order.
    open_tasks: dict[asyncio.Task[Outcome], None] = {}
    try:
        while True:
            while read and len(open_tasks) < most:
                open_tasks[loop.create_task(begin(read.popleft()))] = None
            if not exhausted and reading is None and not read:
                reading = loop.run_in_executor(reader, list, islice(items, _READ))
            pending: list[asyncio.Future[Any]] = [*open_tasks, *([] if reading is None else [reading])]
            if ready and (not pending or loop.time() >= ready_at):
                yield ready
                ready = []
            if not pending:
                return
            patience = ready_at - loop.time() if ready else None
            waiting = asyncio.wait(pending, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            done, _ = loop.run_until_complete(waiting)
            if failed := next((future for future in done if future.exception() is not None), None):
                # What was made before is handed on, because it would be made again.
                ready += [task.result() for task in open_tasks if task in done and task.exception() is None]
                if ready:
                    yield ready
                failed.result()
            if reading is not None and reading in done:
                read.extend(reading.result())
                exhausted, reading = len(read) < _READ, None
            for task in [task for task in open_tasks if task in done]:
                del open_tasks[task]
                if not ready:
                    ready_at = loop.time() + _TOGETHER_SECONDS
                ready.append(task.result())
    finally:
        # A read that hangs ends with the process.
        reader.shutdown(wait=False)
        for task in open_tasks:
            task.cancel()
        if open_tasks:
            loop.run_until_complete(asyncio.wait(open_tasks))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
