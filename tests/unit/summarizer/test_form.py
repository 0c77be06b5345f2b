"""The form that a profile asks for: so many lines, bullets, a least length; or the result says what is missing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fake_engine import FakeEngine, Reply, tokens
from hypothesis import given
from hypothesis import strategies as st
from llama_cpp.llama_grammar import LlamaGrammar
from summaries import DEADLINE, RECIPE

from streaming.errors import UsageError
from streaming.summarizer import PromptProfile, Summarizer, SummaryRequest, SummaryResult
from streaming.summarizer.form import Form
from streaming.summarizer.prompts import parse_profile
from streaming.summarizer.prompts.profile import Length

SAID = (
    "The mill at Orrin Bridge burned on Tuesday, and twelve people came with buckets.",
    "Anna Howe saw the smoke first and rang the bell of the chapel.",
    "By evening the roof of the mill was gone, but the wheel house stood.",
    "The council will pay half of the new mill, which is to be of stone.",
    "The bakers of the valley will buy their flour in Cardew until spring.",
    "The insurance pays for the grain that was lost in the upper store.",
)
TEXT = " ".join(SAID)
LONG = "\n\n".join([TEXT.replace("mill", f"mill {n}").replace("Tuesday", f"day {n} of the month") for n in range(9)])
PROSE = "The mill burned, and Anna Howe rang the bell. The council will pay half of the new mill."
WAYS: dict[str, dict[str, Any]] = {
    "strict": {"faithfulness": "strict"},
    "strict, refine": {"faithfulness": "strict", "strategy": "refine"},
    "flag, with the ladder": {"faithfulness": "flag", "ladder": True},
    "off, with the ladder": {"faithfulness": "off", "ladder": True},
    "off, tree": {"faithfulness": "off", "ladder": True, "reduce": "tree"},
    "without the model": {"strategy": "extractive", "faithfulness": "off"},
}


def write(text: str, reply: Reply, profile: PromptProfile, **recipe: Any) -> tuple[SummaryResult, FakeEngine]:
    engine = FakeEngine(reply)
    summarizer = Summarizer(engine, replace(RECIPE, **{"chunk_tokens": 400, "max_tokens": 120, **recipe}))
    request = SummaryRequest(text, profile, "en")
    return asyncio.run(summarizer.summarize(request, deadline=DEADLINE)), engine


def asking(**form: Any) -> PromptProfile:
    return PromptProfile(name="p", system="Summarize.", **form)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", [TEXT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("reply", [PROSE, "", "1. It burned.\n2) Anna rang.\n* All gone.\n- The end."])
@pytest.mark.parametrize("lines", [1, 3])
def test_three_bullets_are_three_bullets_whoever_writes_them(way: str, text: str, reply: str, lines: int) -> None:
    written, _ = write(text, reply, asking(lines=lines, bullets=True), **WAYS[way])
    shown = written.summary.splitlines()
    assert [line[:2] for line in shown] == ["- "] * lines
    assert all(line[2].isalnum() for line in shown)
    assert written.missing == []
    said = " ".join(written.summary[s.start : s.end] for s in written.sentences)
    assert said == " ".join(line[2:] for line in shown)


@pytest.mark.parametrize("way", WAYS)
def test_lines_without_bullets_have_no_mark(way: str) -> None:
    written, _ = write(TEXT, "- It burned.\n- Anna Howe rang the bell.", asking(lines=2), **WAYS[way])
    assert len(written.summary.splitlines()) == 2
    assert not any(line.startswith("-") for line in written.summary.splitlines())


@pytest.mark.parametrize("way", WAYS)
def test_bullets_alone_are_as_many_as_there_are_sentences(way: str) -> None:
    written, _ = write(TEXT, PROSE, asking(bullets=True), **WAYS[way])
    assert written.summary.splitlines()
    assert all(line.startswith("- ") for line in written.summary.splitlines())
    assert written.missing == []


def test_the_model_writes_after_a_grammar_of_so_many_lines_but_parts_of_a_text_freely() -> None:
    profile = asking(lines=3, bullets=True)
    _, short = write(TEXT, PROSE, profile)
    assert short.grammars == [Form.of(profile, "en").grammar]
    _, long = write(LONG, PROSE, profile)
    assert set(long.grammars) == {None}


@pytest.mark.parametrize("profile", [asking(lines=1), asking(lines=3, bullets=True), asking(lines=20)])
def test_llama_cpp_reads_the_grammar(profile: PromptProfile) -> None:
    grammar = Form.of(profile, "en").grammar
    assert grammar is not None
    assert LlamaGrammar.from_string(grammar)
    assert Form.of(asking(bullets=True), "en").grammar is None


@pytest.mark.parametrize("way", WAYS)
def test_fewer_sentences_than_lines_are_named(way: str) -> None:
    written, _ = write("The mill burned on Tuesday in the night.", "It burned.", asking(lines=3), **WAYS[way])
    assert written.missing == ["lines"]
    assert written.summary.strip()


@pytest.mark.parametrize("faithfulness", ["off", "flag"])
def test_a_short_answer_is_asked_for_again_until_it_is_as_long_as_the_profile_asks(faithfulness: str) -> None:
    left = ["The mill burned on Tuesday.", "The mill burned, and Anna Howe rang the bell.", PROSE]
    asked = asking(length=Length(least=tokens(PROSE) - 1))
    written, engine = write(TEXT, lambda _: left.pop(0), asked, faithfulness=faithfulness, ladder=True)
    assert (written.summary, written.missing) == (PROSE, [])
    assert len(set(engine.samplings)) == 3


def test_the_longest_of_four_short_answers_is_taken_and_the_result_says_that_it_is_short() -> None:
    left = ["The mill burned on Tuesday.", "Anna Howe rang the bell of the chapel.", "The roof was gone.", "It burned."]
    asked = asking(length=Length(least=90))
    written, engine = write(TEXT, lambda _: left.pop(0), asked, ladder=True)
    assert (written.summary, written.missing) == ("Anna Howe rang the bell of the chapel.", ["least"])
    assert len(engine.texts) == 4


def test_a_repaired_summary_is_filled_to_the_least_length() -> None:
    written, _ = write(TEXT, "The mill burned.", asking(length=Length(least=90)), faithfulness="strict")
    assert tokens(written.summary) >= 90
    assert written.missing == []


def test_a_document_that_is_shorter_than_the_least_length_is_named() -> None:
    written, _ = write("The mill burned on Tuesday in the night.", "", asking(length=Length(least=90)))
    assert written.missing == ["least"]


@given(st.lists(st.sampled_from([*SAID, "- one", "2. two", "", "  ", "• three."]), max_size=12), st.integers(1, 5))
def test_no_summary_has_more_lines_than_its_form_or_a_line_without_its_mark(pieces: list[str], lines: int) -> None:
    form = Form.of(asking(lines=lines, bullets=True), "en")
    shown = form.shaped("\n".join(pieces)).splitlines()
    assert len(shown) <= lines
    assert all(line.startswith("- ") and line[2:].strip() for line in shown)
    assert form.shaped("\n".join(shown)).splitlines() == shown


def test_a_form_of_lines_belongs_to_no_json() -> None:
    with pytest.raises(UsageError, match="lines and bullets are of a text"):
        parse_profile("p", 'system = "x"\noutput = "json"\nlines = 3\n[schema]\ntype = "object"', where="p.toml")
