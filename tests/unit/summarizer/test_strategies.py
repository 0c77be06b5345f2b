from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import DeadlineExceeded
from streaming.summarizer.strategies import Part, gather, map_reduce, refine, stuff, tree

TOKENS, EACH = 600, 80


class Writer:
    """Summarizes by a plain function, and keeps what it was given."""

    def __init__(self, write: Callable[[str], str]) -> None:
        self._write = write
        self.read: list[Part] = []
        self.tokens: list[int] = []

    async def __call__(self, part: Part, tokens: int) -> str:
        self.read.append(part)
        self.tokens.append(tokens)
        await asyncio.sleep(0)
        return self._write(part.text)

    @property
    def texts(self) -> list[str]:
        return [part.text for part in self.read]


Keep = Callable[[str, int], Awaitable[str]]


async def all_of_it(text: str, _tokens: int) -> str:
    return text


def mapped(chunks: list[str], writer: Writer, keep: Keep = all_of_it) -> str:
    return asyncio.run(map_reduce(chunks, tokens=TOKENS, each=EACH, summarize=writer, keep=keep))


def climbed(chunks: list[str], writer: Writer, *, limit: int, last: Writer | None = None) -> str:
    async def split(text: str) -> list[str]:
        return [text[start : start + limit] for start in range(0, len(text), limit)] or [""]

    async def count(text: str) -> int:
        return len(text)

    return asyncio.run(
        tree(
            chunks,
            tokens=TOKENS,
            each=EACH,
            summarize=writer,
            last=last or writer,
            split=split,
            count=count,
            keep=all_of_it,
        )
    )


def test_stuff_reads_the_text_once() -> None:
    writer = Writer(str.upper)
    assert asyncio.run(stuff("a text", tokens=TOKENS, summarize=writer)) == "A TEXT"
    assert (writer.read, writer.tokens) == ([Part("a text")], [TOKENS])


def test_map_reduce_joins_the_summaries_of_all_chunks_in_their_order() -> None:
    writer = Writer(lambda text: text[0])
    assert mapped(["one", "two", "three"], writer) == "o\nt\nt"
    assert writer.read == [Part(text, "part", n, 3) for n, text in enumerate(["one", "two", "three"], 1)]
    assert writer.tokens == [EACH] * 3


def test_map_reduce_keeps_of_the_joined_summaries_what_was_asked_for() -> None:
    kept: list[int] = []

    async def keep(text: str, tokens: int) -> str:
        kept.append(tokens)
        return text[:3]

    assert mapped(["one", "two"], Writer(str.upper), keep) == "ONE"
    assert kept == [TOKENS]


def test_a_tree_makes_one_summary_of_the_summaries() -> None:
    writer, last = Writer(lambda text: text[:1]), Writer(str.upper)
    assert climbed(["abc", "def"], writer, limit=20, last=last) == "A\nD"
    assert (last.read, last.tokens) == ([Part("a\nd", "joined")], [TOKENS])


def test_a_tree_has_as_many_levels_as_it_takes_to_fit_a_prompt() -> None:
    chunks = ["x" * 20] * 16
    writer, last = Writer(lambda text: text[: len(text) // 4].replace("\n", "")), Writer(str.upper)
    climbed(chunks, writer, limit=20, last=last)
    assert writer.texts[:16] == chunks
    assert {part.stage for part in writer.read[16:]} == {"joined"}
    assert len(last.read) == 1
    assert len(last.read[0].text) <= 20


def test_refine_reads_each_chunk_with_the_summary_of_all_before_it() -> None:
    writer = Writer(lambda text: text.replace("\n", "")[:6].upper())
    assert asyncio.run(refine(["one.", "two.", "three."], tokens=TOKENS, summarize=writer)) == "ONE.TW"
    assert writer.texts == ["one.", "ONE.\n\ntwo.", "ONE.TW\n\nthree."]
    assert [part.stage for part in writer.read] == ["whole", "refined", "refined"]


def test_empty_summaries_leave_no_empty_lines() -> None:
    assert mapped(["one", "two", "three"], Writer(lambda text: "" if text == "two" else text)) == "one\nthree"


def test_nothing_said_of_any_chunk_is_an_empty_summary() -> None:
    assert mapped(["one", "two"], Writer(lambda _: "")) == ""
    assert climbed(["one", "two"], Writer(lambda _: ""), limit=10) == ""


@pytest.mark.timeout(30)
@given(st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=40), st.integers(0, 60))
def test_a_tree_ends_however_long_the_summaries_are(chunks: list[str], length: int) -> None:
    writer = Writer(lambda _: "y" * length)
    climbed(chunks, writer, limit=30)
    # A level is a fifth shorter than the one before it, or the last: 1 + 0.8 + 0.64 + ... = 5.
    joined = len(chunks) * (length + 1)
    assert len(writer.read) <= len(chunks) + 5 * (joined / 30 + 1) + 1


def test_a_level_is_summarized_side_by_side() -> None:
    open_now, most = 0, 0

    async def summarize(part: Part, _tokens: int) -> str:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0)
        open_now -= 1
        return part.text

    asyncio.run(map_reduce(["a", "b", "c", "d"], tokens=TOKENS, each=EACH, summarize=summarize, keep=all_of_it))
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

    async def summarize(part: Part, _tokens: int) -> str:
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
            await map_reduce(["a", "bad", "b"], tokens=TOKENS, each=EACH, summarize=summarize, keep=all_of_it)
        # One more turn of the loop, for the cancelled to notice.
        await asyncio.sleep(0)
        assert sorted(cancelled) == ["a", "b"]

    asyncio.run(run())


def test_cancelling_the_document_cancels_its_chunks() -> None:
    open_now: set[str] = set()

    async def run() -> None:
        all_open = asyncio.Event()

        async def summarize(part: Part, _tokens: int) -> str:
            open_now.add(part.text)
            if len(open_now) == 2:
                all_open.set()
            try:
                await asyncio.Event().wait()
            finally:
                open_now.remove(part.text)
            return part.text

        work = map_reduce(["a", "b"], tokens=TOKENS, each=EACH, summarize=summarize, keep=all_of_it)
        task = asyncio.ensure_future(work)
        await all_open.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(run())
    assert open_now == set()
