from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import DeadlineExceeded
from streaming.summarizer.strategies import gather, map_reduce, stuff


class Writer:
    """Summarizes by a plain function, and keeps what it was given."""

    def __init__(self, write: Callable[[str], str]) -> None:
        self._write = write
        self.read: list[str] = []

    async def __call__(self, text: str) -> str:
        self.read.append(text)
        await asyncio.sleep(0)
        return self._write(text)


def by_length(limit: int) -> Callable[[str], list[str]]:
    return lambda text: [text[start : start + limit] for start in range(0, len(text), limit)] or [""]


def test_stuff_reads_the_text_once() -> None:
    writer = Writer(str.upper)
    assert asyncio.run(stuff("a text", summarize=writer)) == "A TEXT"
    assert writer.read == ["a text"]


def test_summaries_that_fit_a_prompt_together_are_joined_in_their_order() -> None:
    writer = Writer(lambda text: text[0])
    assert asyncio.run(map_reduce(["one", "two", "three"], summarize=writer, split=by_length(10))) == "o\nt\nt"
    assert writer.read == ["one", "two", "three"]


def test_summaries_that_do_not_fit_are_summarized_again() -> None:
    chunks = ["x" * 20] * 16
    writer = Writer(lambda text: text[: len(text) // 4].replace("\n", ""))
    summary = asyncio.run(map_reduce(chunks, summarize=writer, split=by_length(20)))
    assert len(summary) <= 20
    assert writer.read[:16] == chunks
    assert len(writer.read) > 16


def test_empty_summaries_leave_no_empty_lines() -> None:
    writer = Writer(lambda text: "" if text == "two" else text)
    assert asyncio.run(map_reduce(["one", "two", "three"], summarize=writer, split=by_length(100))) == "one\nthree"


def test_nothing_said_of_any_chunk_is_an_empty_summary() -> None:
    assert asyncio.run(map_reduce(["one", "two"], summarize=Writer(lambda _: ""), split=by_length(10))) == ""


@pytest.mark.timeout(30)
@given(st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=40), st.integers(0, 60))
def test_it_ends_however_long_the_summaries_are(chunks: list[str], length: int) -> None:
    writer = Writer(lambda _: "y" * length)
    asyncio.run(map_reduce(chunks, summarize=writer, split=by_length(30)))
    assert len(writer.read) <= 2 * len(chunks)


def test_a_level_is_summarized_side_by_side() -> None:
    open_now, most = 0, 0

    async def summarize(text: str) -> str:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0)
        open_now -= 1
        return text

    asyncio.run(map_reduce(["a", "b", "c", "d"], summarize=summarize, split=by_length(100)))
    assert most == 4


def test_results_come_in_the_order_of_the_work_not_of_its_end() -> None:
    async def work(turns: int) -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
        return str(turns)

    async def run() -> list[str]:
        return await gather([work(3), work(1), work(2)])

    assert asyncio.run(run()) == ["3", "1", "2"]


def test_when_one_chunk_fails_the_others_are_cancelled_and_its_error_is_raised() -> None:
    cancelled: list[str] = []

    async def summarize(text: str) -> str:
        if text == "bad":
            raise DeadlineExceeded("too long")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(text)
            raise
        return text

    async def run() -> None:
        with pytest.raises(DeadlineExceeded, match="too long"):
            await map_reduce(["a", "bad", "b"], summarize=summarize, split=by_length(10))
        # One more turn of the loop, for the cancelled to notice.
        await asyncio.sleep(0)
        assert sorted(cancelled) == ["a", "b"]

    asyncio.run(run())


def test_cancelling_the_document_cancels_its_chunks() -> None:
    open_now: set[str] = set()

    async def run() -> None:
        all_open = asyncio.Event()

        async def summarize(text: str) -> str:
            open_now.add(text)
            if len(open_now) == 2:
                all_open.set()
            try:
                await asyncio.Event().wait()
            finally:
                open_now.remove(text)
            return text

        task = asyncio.ensure_future(map_reduce(["a", "b"], summarize=summarize, split=by_length(10)))
        await all_open.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(run())
    assert open_now == set()
