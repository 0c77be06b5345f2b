"""Several documents at once: a generator that keeps a bounded number open and yields outcomes as they finish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

# Threads for the work on texts next to the engine: cutting, counting, judging. Two are as fast as one (0.10 s and
# 0.09 s for 32 answers, six take 0.16 s), and a book does not block a short text (measurements.md, text threads).
_THREADS = 2

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def in_flight(
    items: Iterator[Item], begin: Callable[[Item], Coroutine[Any, Any, Outcome]], *, most: int
) -> Iterator[list[Outcome]]:
    """Yield the outcomes of `items` as they finish; outcomes that finish together come in the order of their items.

    `begin` is called for each item in order, as soon as fewer than `most` are open, and returns a coroutine.
    An exception of one outcome ends everything: the others are cancelled, as they are when the generator is closed.
    """
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="gistream-text"))
    # A dictionary, because it keeps the order.
    open_tasks: dict[asyncio.Task[Outcome], None] = {}
    exhausted = False
    try:
        while True:
            while not exhausted and len(open_tasks) < most:
                try:
                    item = next(items)
                except StopIteration:
                    exhausted = True
                else:
                    open_tasks[loop.create_task(begin(item))] = None
            if not open_tasks:
                return
            done, _ = loop.run_until_complete(asyncio.wait(open_tasks, return_when=asyncio.FIRST_COMPLETED))
            done_in_order = [task for task in open_tasks if task in done]
            for task in done_in_order:
                del open_tasks[task]
            yield [task.result() for task in done_in_order]
    finally:
        for task in open_tasks:
            task.cancel()
        if open_tasks:
            loop.run_until_complete(asyncio.wait(open_tasks))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
