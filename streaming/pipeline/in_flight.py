"""Several documents at once: a generator that keeps a bounded number of them open and yields outcomes as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

# Threads for what is done to texts beside the engine: cutting, counting, judging. It is Python, of which one thread
# runs at a time, and slots that were filled together end together: 32 answers were judged in 0.16 s of six threads
# (asyncio's default on 2 cores; 14,000 switches), in 0.10 s of two (1,500), in 0.09 s of one. Two, so that a book that
# is being cut does not hold up a short text.
_THREADS = 2

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def in_flight(
    items: Iterator[Item], begin: Callable[[Item], Coroutine[Any, Any, Outcome]], *, most: int
) -> Iterator[list[Outcome]]:
    """Yield the outcomes of `items` as they finish, those that finished together in the order of their items.

    `begin` is called for each item in order, as soon as fewer than `most` are open, and returns what is to be awaited.
    What an outcome raises ends everything: the others are cancelled, and so they are when the generator is closed.
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
            finished = [task for task in open_tasks if task in done]
            for task in finished:
                del open_tasks[task]
            yield [task.result() for task in finished]
    finally:
        for task in open_tasks:
            task.cancel()
        if open_tasks:
            loop.run_until_complete(asyncio.wait(open_tasks))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
