"""A bad summary is made again, then in smaller parts, then replaced by an extract; a good one is left as it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import summaries
from fake_engine import FakeEngine, Reply, tokens

from streaming.protocol import Sampling
from streaming.summarizer import PromptProfile, Recipe, Summarizer, SummaryRequest, SummaryResult
from streaming.summarizer.guards import Verdict, judge
from streaming.summarizer.ladder import LadderResult, run_ladder

PROFILE = PromptProfile(
    name="default", system="Write a short summary of the text that names the people and says how it ends."
)
# In strict summaries the ladder has no part.
RECIPE = replace(summaries.RECIPE, ladder=True)
FIRST = "The ferry left Tarn at dawn with forty passengers. Halfway across, the engineer smelled smoke in the hold. "
SECOND = "The captain turned back on one engine, and nobody was hurt. The owners say a worn fuel line was the cause. "
TEXT = FIRST + SECOND
GOOD = "The engineer smelled smoke and the captain turned back on one engine."
FOREIGN = "Elephants elected another parliament, whose first law forbade umbrellas."
LOOP = "The captain turned back and the captain turned back and the captain turned back and the captain turned back."


def write(text: str, engine: FakeEngine, recipe: Recipe = RECIPE) -> SummaryResult:
    return asyncio.run(Summarizer(engine, recipe).summarize(SummaryRequest(text, PROFILE), deadline=1e12))


def replies(*said: str) -> Reply:
    """Return what gives one answer after the other, and the last one for ever."""
    left = list(said)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def test_a_good_summary_is_made_once() -> None:
    engine = FakeEngine(GOOD)
    written = write(TEXT, engine)
    assert (written.summary, written.status) == (GOOD, "ok")
    assert engine.samplings == [Sampling()]


@pytest.mark.parametrize(
    "bad",
    [
        FOREIGN,
        LOOP,
        "",
        "...",
        "<|im_start|>assistant The captain turned back on one engine.",
        "Write a short summary of the text that names the people and says how it ends: the captain turned back.",
    ],
    ids=["of another text", "a loop", "nothing", "marks", "a template", "the instructions"],
)
def test_a_bad_summary_is_made_again_with_other_sampling(bad: str) -> None:
    engine = FakeEngine(replies(bad, GOOD))
    written = write(TEXT, engine)
    assert (written.summary, written.status) == (GOOD, "ok")
    first, second = engine.samplings
    assert first == Sampling()
    assert second.temperature > 0
    assert second.seed != first.seed
    assert written.completion_tokens == tokens(bad) + tokens(GOOD)


def test_a_summary_that_is_longer_than_its_text_is_bad() -> None:
    longer = f"{TEXT} The ferry and the captain and the engineer and the owners sail again on Monday."
    assert judge(longer, TEXT, language="en", instructions="").faults == ("longer than its text",)
    assert judge(TEXT, longer, language="en", instructions="").faults == ()


def test_what_is_bad_twice_is_made_in_two_parts() -> None:
    engine = FakeEngine(
        lambda asked: FOREIGN if len(asked) > len(TEXT) * 0.7 else f"Halves: {' '.join(asked.split()[:6])}."
    )
    written = write(TEXT, engine)
    assert written.status == "ok"
    assert written.summary == "Halves: The ferry left Tarn at dawn. Halves: The captain turned back on one."
    assert "".join(engine.texts[4:]) == TEXT


class HalvingSteps:
    """Implements `LadderSteps`: no summary of the whole text is good, every summary of a half is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.judged: list[tuple[str, str]] = []

    async def generate(self, text: str, sampling: Sampling, max_tokens: int, *, may_retry: bool) -> str:
        return f"Summary of {len(text)}."

    def judge(self, summary: str, text: str) -> Verdict:
        self.judged.append((summary, text))
        bad = summary == f"Summary of {len(self._text)}."
        return Verdict(("ungrounded",) if bad else (), (), None)

    def halve(self, text: str) -> list[str]:
        return [text[: len(FIRST)], text[len(FIRST) :]]

    def extract(self, text: str, tokens: int) -> str:
        raise AssertionError("every half has a summary")

    def join(self, summaries: list[str]) -> str:
        return " ".join(summaries)


def test_the_summary_of_a_half_is_judged_by_the_whole_text() -> None:
    steps = HalvingSteps(TEXT)
    result = asyncio.run(run_ladder(TEXT, steps, sampling=Sampling(), max_tokens=40))
    halves = [f"Summary of {len(FIRST)}.", f"Summary of {len(SECOND)}."]
    assert result == LadderResult(" ".join(halves))
    assert steps.judged[-2:] == [(half, TEXT) for half in halves]


def test_what_stays_bad_gives_way_to_an_extract_and_says_so() -> None:
    engine = FakeEngine(FOREIGN)
    written = write(TEXT, engine)
    assert written.status == "extractive_fallback"
    # Every prompt may come back, but for its last try.
    assert engine.keeps == [True, True, True, False] * 3
    assert all(part.strip() in TEXT for part in written.summary.split(". ") if part)
    assert tokens(written.summary) <= RECIPE.max_tokens * 1.6


def test_only_the_half_that_stays_bad_is_an_extract() -> None:
    engine = FakeEngine(lambda asked: FOREIGN if "ferry" in asked else "The captain turned back, and nobody was hurt.")
    written = write(TEXT, engine)
    assert written.status == "repaired"
    assert written.summary.endswith("The captain turned back, and nobody was hurt.")
    assert "elephant" not in written.summary.lower()


def test_a_summary_with_a_blemish_is_made_once_more_and_the_better_grounded_one_taken() -> None:
    told, better = "I turned back with elephants on one engine.", "We turned back on one engine, our captain and I."
    for said in ((told, better), (better, told)):
        engine = FakeEngine(replies(*said))
        written = write(TEXT, engine)
        assert (written.summary, written.status, len(engine.texts)) == (better, "ok", 2)
    assert write(TEXT, FakeEngine(replies(told, GOOD))).summary == GOOD


def test_a_document_that_the_model_cannot_summarize_is_not_tried_for_ever() -> None:
    engine = FakeEngine(FOREIGN, slots=1)
    written = write(TEXT * 60, engine)
    assert written.status == "extractive_fallback"
    assert written.chunks > 20
    assert len(engine.texts) < 4 * written.chunks


def test_a_text_that_cannot_be_cut_ends_as_an_extract() -> None:
    written = write("字", FakeEngine(""))
    assert (written.status, written.summary) == ("extractive_fallback", "字。")


def test_a_short_text_may_have_a_summary_in_other_words() -> None:
    written = write("It rained all night.", FakeEngine("The weather was bad until the morning."))
    assert (written.summary, written.status) == ("The weather was bad until the morning.", "ok")


def test_a_text_about_templates_may_have_one_in_its_summary() -> None:
    about = "A turn begins with <|im_start|> and the role of the speaker, and ends with <|im_end|>, in ChatML. " * 2
    said = "In ChatML a turn begins with <|im_start|> and the role of the speaker."
    assert write(about, FakeEngine(said)).status == "ok"


def test_a_part_that_cannot_be_summarized_counts_once_however_many_extracts_it_takes() -> None:
    # Chunks of two sentences: two bad ones, whose halves are bad as well, many good ones, and a bad one.
    good = "In note {:02} the old man rowed his boat to the island, slept there, and came home with empty hands, "
    bad = "In note {:02} of the unreadable book nobody knows who went where, or when, or what it was that he did, "
    end = (
        "as on every other day of that long year before the war, of which nobody in his village has told us anything. "
    )
    kinds = [bad, bad, *[good] * 40, bad]
    text = "".join((kind + end).format(number) * 2 for number, kind in enumerate(kinds))
    said = "The old man rowed his boat to the island and slept there."
    engine = FakeEngine(lambda asked: FOREIGN if "unreadable" in asked else said, slots=1)
    written = write(text, engine)
    assert (written.status, written.chunks) == ("repaired", len(kinds))
    last = [asked for asked in engine.texts if "note 42" in asked and len(asked) > 300]
    assert len(last) == 4


@pytest.mark.parametrize("reply", [GOOD, FOREIGN, LOOP, ""], ids=["good", "of another text", "a loop", "nothing"])
def test_a_flag_changes_nothing_in_the_ladder_and_strict_asks_once(reply: str) -> None:
    off, flag, strict = FakeEngine(reply), FakeEngine(reply), FakeEngine(reply)
    expected = write(TEXT, off)
    flagged = write(TEXT, flag, replace(RECIPE, faithfulness="flag"))
    assert (flagged.summary, flagged.status, flag.texts) == (expected.summary, expected.status, off.texts)
    assert (off.samplings, off.keeps) == (flag.samplings, flag.keeps)
    write(TEXT, strict, replace(RECIPE, faithfulness="strict"))
    assert (strict.samplings, strict.keeps) == ([Sampling()], [False])
