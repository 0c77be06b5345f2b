"""Books and short documents at one engine: the real summarizer and engine, and time counted in computed tokens."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import replace

import pytest
from fake_lanes import Call, FakeMachine, until
from summaries import RECIPE as SMALL

from streaming.summarizer import PromptProfile, Summarizer, SummaryRequest
from streaming.summarizer.prompts.profile import Length

RECIPE = replace(SMALL, chunk_tokens=800, max_tokens=96)
PROFILE = PromptProfile(name="p", system="Summarize.", length=Length(least=64))
CHUNK = RECIPE.chunk_tokens + RECIPE.max_tokens
SHORTS = 60
# Computed tokens for each turn that the event loop gets: so lanes keep in step by what they compute, not by calls.
PACE = 64
SECONDS = 60


def sentences(name: str, number: int) -> str:
    """Return a text of which no two sentences begin alike, so that prompts share no more than their instructions."""
    return "".join(f"{name}x{n} old man went down to the sea and never came. " for n in range(number))


def short(number: int) -> str:
    """Return a text that costs 89 tokens and its summary 96."""
    return sentences(f"short{number}", 8)


def book(number: int) -> str:
    """Return a text of 20 chunks."""
    return sentences(f"book{number}", 20 * 780 // 11)


class Town:
    """One engine and its readers. `now` is the number of tokens that the engine has computed.

    A native call ends when the event loop has done all that follows from the call before.
    """

    def __init__(self, *, slots: int, lanes: int) -> None:
        self.now = 0
        self.open = 0
        self._loop = asyncio.get_running_loop()
        self._go_on: Future[None] = Future()
        self._go_on.set_result(None)
        self.engine = FakeMachine(self._compute).engine(slots=slots, lanes=lanes)
        self._summarizer = Summarizer(self.engine, RECIPE)

    def _compute(self, call: Call) -> None:
        self._go_on.result(SECONDS)
        for _ in range(-(-call.tokens // PACE)):
            asyncio.run_coroutine_threadsafe(self._settle(), self._loop).result(SECONDS)
        self.now += call.tokens

    async def _settle(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)

    async def begin(self, texts: list[str]) -> list[asyncio.Task[int]]:
        """Hand over documents while the engine stands still, so that all of them come at one moment."""
        self._go_on = Future()
        before = self._at_the_engine()
        tasks = [asyncio.ensure_future(self.summarize(text)) for text in texts]
        chunks = [len(text.split()) // RECIPE.chunk_tokens + 1 for text in texts]
        expected = before + sum(min(number, self.engine.slots + 1) for number in chunks)
        await until(lambda: self._at_the_engine() >= expected)
        self._go_on.set_result(None)
        return tasks

    def _at_the_engine(self) -> int:
        status = self.engine.status()
        return status.busy + status.waiting

    async def summarize(self, text: str) -> int:
        """Return the tokens that were computed between submission and result."""
        began = self.now
        self.open += 1
        result = await self._summarizer.summarize(SummaryRequest(text, PROFILE))
        self.open -= 1
        assert result.status == "ok"
        return self.now - began


async def all_at_once(town: Town) -> list[int]:
    return await asyncio.gather(*await town.begin([short(number) for number in range(SHORTS)]))


async def as_a_spark_task_hands_them_over(town: Town) -> list[int]:
    """Keep twice as many documents open as there are slots, books included."""
    tasks = []
    for number in range(SHORTS):
        await until(lambda: town.open < 2 * town.engine.slots)
        tasks.append(asyncio.ensure_future(town.summarize(short(number))))
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks)


async def trickling(town: Town, *, every: int) -> list[int]:
    """Hand one over whenever `every` tokens have been computed, or at once when there is nothing to compute."""
    tasks = []
    began = town.now
    for number in range(SHORTS):
        moment = began + number * every
        await until(lambda moment=moment: town.now >= moment or not town.open)  # type: ignore[misc]
        town.now = max(town.now, moment)
        tasks.append(asyncio.ensure_future(town.summarize(short(number))))
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks)


async def faster_than_they_are_served(town: Town) -> list[int]:
    return await trickling(town, every=150)


async def now_and_then(town: Town) -> list[int]:
    return await trickling(town, every=400)


Arrival = Callable[[Town], Awaitable[list[int]]]


def median_wait(arrive: Arrival, *, books: int, slots: int, lanes: int = 2) -> float:
    async def play() -> float:
        town = Town(slots=slots, lanes=lanes)
        try:
            reading = await town.begin([book(number) for number in range(books)])
            waits = await arrive(town)
            # The books finish, too.
            await asyncio.gather(*reading)
        finally:
            town.engine.close()
        assert len(waits) == SHORTS
        return statistics.median(waits)

    return asyncio.run(play())


@pytest.mark.parametrize("slots", [4, 16])
@pytest.mark.parametrize("arrive", [all_at_once, as_a_spark_task_hands_them_over, faster_than_they_are_served])
def test_behind_two_books_short_documents_wait_less_than_three_times_as_long(arrive: Arrival, slots: int) -> None:
    alone = median_wait(arrive, books=0, slots=slots)
    behind = median_wait(arrive, books=2, slots=slots)
    print(f"{arrive.__name__}, {slots} slots: {alone:.0f} tokens alone, {behind:.0f} behind two books")
    assert behind < 3 * alone


@pytest.mark.parametrize("slots", [4, 16])
def test_a_short_document_among_books_waits_no_longer_than_one_of_their_chunks_is_at_work(slots: int) -> None:
    # In the time of a chunk every other slot computes one, too.
    assert median_wait(now_and_then, books=2, slots=slots) < slots * CHUNK
