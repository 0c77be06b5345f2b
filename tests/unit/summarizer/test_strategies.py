from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import DeadlineExceeded
from streaming.summarizer.strategies import Part, gather, map_reduce, refine, stuff, tree

TOKENS, PART_TOKENS = 600, 80


class Steps:
    """Implements `StrategySteps` by plain functions, and notes what the strategy asked for.

    `last` makes the last summary, and a text is cut after every `limit` characters.
    """

    def __init__(
        self, write: Callable[[str], str], *, last: Callable[[str], str] | None = None, limit: int = 1000
    ) -> None:
        self._write, self._last, self._limit = write, last or write, limit
        self.parts: list[Part] = []
        self.tokens: list[int] = []
        self.last_parts: list[tuple[Part, int]] = []
        self.shortened: list[int] = []

    @property
    def texts(self) -> list[str]:
        return [part.text for part in self.parts]

    async def summarize(self, part: Part, tokens: int) -> str:
        self.parts.append(part)
        self.tokens.append(tokens)
        await asyncio.sleep(0)
        return self._write(part.text)

    async def finish(self, part: Part, tokens: int) -> str:
        self.last_parts.append((part, tokens))
        return self._last(part.text)

    async def split(self, text: str) -> list[str]:
        return [text[start : start + self._limit] for start in range(0, len(text), self._limit)] or [""]

    async def count(self, text: str) -> int:
        return len(text)

    async def shorten(self, text: str, tokens: int) -> str:
        self.shortened.append(tokens)
        return text


def mapped(chunks: list[str], steps: Steps) -> str:
    return asyncio.run(map_reduce(chunks, steps, tokens=TOKENS, part_tokens=PART_TOKENS))


def reduced(chunks: list[str], steps: Steps) -> str:
    return asyncio.run(tree(chunks, steps, tokens=TOKENS, part_tokens=PART_TOKENS))


def test_stuff_reads_the_text_once() -> None:
    steps = Steps(str.upper)
    assert asyncio.run(stuff("a text", steps, tokens=TOKENS)) == "A TEXT"
    assert (steps.last_parts, steps.parts) == ([(Part("a text"), TOKENS)], [])


def test_map_reduce_joins_the_summaries_of_all_chunks_in_their_order() -> None:
    steps = Steps(lambda text: text[0])
    assert mapped(["one", "two", "three"], steps) == "o\nt\nt"
    assert steps.parts == [Part(text, "part", n, 3) for n, text in enumerate(["one", "two", "three"], 1)]
    assert steps.tokens == [PART_TOKENS] * 3


def test_map_reduce_keeps_of_the_joined_summaries_what_was_asked_for() -> None:
    class Shortening(Steps):
        async def shorten(self, text: str, tokens: int) -> str:
            return (await super().shorten(text, tokens))[:3]

    steps = Shortening(str.upper)
    assert mapped(["one", "two"], steps) == "ONE"
    assert steps.shortened == [TOKENS]


def test_a_tree_makes_one_summary_of_the_summaries() -> None:
    steps = Steps(lambda text: text[:1], last=str.upper, limit=20)
    assert reduced(["abc", "def"], steps) == "A\nD"
    assert steps.last_parts == [(Part("a\nd", "joined"), TOKENS)]


def test_a_tree_has_as_many_levels_as_it_takes_to_fit_a_prompt() -> None:
    chunks = ["x" * 20] * 16
    steps = Steps(lambda text: text[: len(text) // 4].replace("\n", ""), last=str.upper, limit=20)
    reduced(chunks, steps)
    assert steps.texts[:16] == chunks
    assert {part.stage for part in steps.parts[16:]} == {"joined"}
    [(last, _)] = steps.last_parts
    assert len(last.text) <= 20


def test_a_level_of_a_tree_that_is_not_a_fifth_shorter_is_shortened_and_the_last() -> None:
    steps = Steps(lambda text: text[: len(text) * 9 // 10], limit=60)
    reduced(["x" * 20] * 10, steps)
    # Ten summaries of 18 characters make four groups, whose summaries are shorter by a tenth only.
    assert len(steps.parts) == 10 + 4
    assert steps.shortened == [TOKENS]
    [(last, _)] = steps.last_parts
    assert len(last.text) <= 60


def test_refine_reads_each_chunk_with_the_summary_of_all_before_it() -> None:
    steps = Steps(lambda text: text.replace("\n", "")[:6].upper())
    assert asyncio.run(refine(["one.", "two.", "three."], steps, tokens=TOKENS)) == "ONE.TW"
    assert steps.texts == ["one.", "ONE.\n\ntwo.", "ONE.TW\n\nthree."]
    assert [part.stage for part in steps.parts] == ["whole", "refined", "refined"]


def test_empty_summaries_leave_no_empty_lines() -> None:
    assert mapped(["one", "two", "three"], Steps(lambda text: "" if text == "two" else text)) == "one\nthree"


def test_nothing_said_of_any_chunk_is_an_empty_summary() -> None:
    assert mapped(["one", "two"], Steps(lambda _: "")) == ""
    assert reduced(["one", "two"], Steps(lambda _: "", limit=10)) == ""


@pytest.mark.timeout(30)
@given(st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=40), st.integers(0, 60))
def test_a_tree_ends_however_long_the_summaries_are(chunks: list[str], length: int) -> None:
    steps = Steps(lambda _: "y" * length, limit=30)
    reduced(chunks, steps)
    # A level is a fifth shorter than the one before it, or the last: 1 + 0.8 + 0.64 + ... = 5.
    joined = len(chunks) * (length + 1)
    assert len(steps.parts) + len(steps.last_parts) <= len(chunks) + 5 * (joined / 30 + 1) + 1


def test_a_level_is_summarized_side_by_side() -> None:
    class Counting(Steps):
        open_now = most = 0

        async def summarize(self, part: Part, tokens: int) -> str:
            self.open_now += 1
            self.most = max(self.most, self.open_now)
            await asyncio.sleep(0)
            self.open_now -= 1
            return part.text

    steps = Counting(str.upper)
    mapped(["a", "b", "c", "d"], steps)
    assert steps.most == 4


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

    class Failing(Steps):
        async def summarize(self, part: Part, tokens: int) -> str:
            if part.text == "bad":
                raise DeadlineExceeded("too long")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(part.text)
                raise
            return part.text

    async def run() -> None:
        with pytest.raises(DeadlineExceeded, match="too long"):
            await map_reduce(["a", "bad", "b"], Failing(str.upper), tokens=TOKENS, part_tokens=PART_TOKENS)
        # One more turn of the loop, for the cancelled to notice.
        await asyncio.sleep(0)
        assert sorted(cancelled) == ["a", "b"]

    asyncio.run(run())


def test_cancelling_the_document_cancels_its_chunks() -> None:
    open_now: set[str] = set()

    class Waiting(Steps):
        def __init__(self) -> None:
            super().__init__(str.upper)
            self.all_open = asyncio.Event()

        async def summarize(self, part: Part, tokens: int) -> str:
            open_now.add(part.text)
            if len(open_now) == 2:
                self.all_open.set()
            try:
                await asyncio.Event().wait()
            finally:
                open_now.remove(part.text)
            return part.text

    async def run() -> None:
        steps = Waiting()
        work = map_reduce(["a", "b"], steps, tokens=TOKENS, part_tokens=PART_TOKENS)
        task = asyncio.ensure_future(work)
        await steps.all_open.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(run())
    assert open_now == set()
