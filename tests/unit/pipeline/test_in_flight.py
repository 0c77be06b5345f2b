"""Documents in flight: what is done to their texts beside the engine has few threads, and never just one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator

import pytest

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


def test_a_record_that_is_slow_to_come_holds_up_no_result() -> None:
    done = threading.Event()

    def numbers() -> Iterator[int]:
        yield from range(8)
        if not done.wait(_PATIENCE):
            raise TimeoutError("The first results waited for another record.")
        yield 8

    async def begin(number: int) -> int:
        return number

    outcomes = in_flight(numbers(), begin, most=64)
    first = next(outcomes)
    done.set()
    assert [*first, *(outcome for outcomes_together in outcomes for outcome in outcomes_together)] == list(range(9))


def test_no_more_is_read_than_may_be_open_and_a_handful() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    gate = asyncio.Event()

    async def begin(number: int) -> int:
        if number:
            await gate.wait()
        return number

    outcomes = in_flight(numbers(), begin, most=4)
    assert next(outcomes) == [0]
    assert len(taken) <= 16
    outcomes.close()  # type: ignore[attr-defined]


def test_what_was_made_before_a_failure_is_handed_on_first() -> None:
    async def begin(number: int) -> int:
        if number == 3:
            raise OSError("The engine broke.")
        return number

    made: list[int] = []
    outcomes = in_flight(iter(range(6)), begin, most=1)
    with pytest.raises(OSError, match="engine broke"):
        made.extend(number for together in outcomes for number in together)
    assert made == [0, 1, 2]
