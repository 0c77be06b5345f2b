"""Documents in flight: what is done to their texts beside the engine has few threads, and never just one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine

from streaming.pipeline.in_flight import in_flight

_PATIENCE = 30


def test_texts_that_come_together_do_not_fight_for_the_interpreter() -> None:
    used: set[str] = set()

    def work() -> None:
        used.add(threading.current_thread().name)

    def begin(number: int) -> Coroutine[None, None, None]:
        return asyncio.to_thread(work)

    assert sum(len(done) for done in in_flight(iter(range(64)), begin, most=64)) == 64
    assert 1 <= len(used) <= 2


def test_a_book_that_is_being_cut_does_not_hold_up_a_short_text() -> None:
    cut = threading.Event()

    def begin(text: str) -> Coroutine[None, None, str]:
        def work() -> str:
            if text == "book" and not cut.wait(_PATIENCE):
                raise TimeoutError("The short text waited for the book.")
            return text

        return asyncio.to_thread(work)

    outcomes = in_flight(iter(["book", "short"]), begin, most=2)
    assert next(outcomes) == ["short"]
    cut.set()
    assert next(outcomes) == ["book"]
