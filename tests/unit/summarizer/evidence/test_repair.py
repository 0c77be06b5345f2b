"""What becomes of the model's sentences, by how faithful the recipe asks a summary to be."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_engine import FakeEngine, tokens
from summaries import DEADLINE, PROFILE, RECIPE, write
from untrusted import ATTACKS, MARKER

from streaming.summarizer import PromptProfile, Summarizer, SummaryRequest, SummaryResult
from streaming.summarizer.prompts.profile import Length

STRICT = replace(RECIPE, faithfulness="strict")
BURNED = "The mill burned on Tuesday, and 12 people came with buckets."
AGAIN = "The miller wants to build the mill again in stone before the winter."
TEXT = (
    f"{BURNED} Anna saw the smoke first and rang the bell. By evening the roof of the mill was gone. {AGAIN} "
    "The council will pay half of the new mill."
)
INVENTED = "The king gave a feast for the horses."
ROOMY = PromptProfile(name="r", system="Summarize.", length=Length(least=60))


def strict(text: str, reply: str, tokens: int = 40) -> SummaryResult:
    summarizer = Summarizer(FakeEngine(reply), replace(STRICT, max_tokens=tokens))
    return asyncio.run(summarizer.summarize(SummaryRequest(text, ROOMY), deadline=DEADLINE))


@pytest.mark.parametrize(
    ("reply", "tokens", "status", "stays"),
    [
        (f"{BURNED} {INVENTED}", 100, "repaired", (BURNED,)),
        (f"{INVENTED} {AGAIN}", 100, "repaired", (AGAIN,)),
        (f"{BURNED.replace('12', '90')} {AGAIN}", 100, "repaired", (AGAIN,)),
        (f"{BURNED} The miller does not want to build the mill again in stone.", 100, "repaired", (BURNED,)),
        (INVENTED, 40, "extractive_fallback", ()),
        (f"{INVENTED} {BURNED.replace('12', '90')}", 40, "extractive_fallback", ()),
    ],
)
def test_a_sentence_that_stands_on_nothing_gives_way_to_the_texts_own(
    reply: str, tokens: int, status: str, stays: tuple[str, ...]
) -> None:
    written = strict(TEXT, reply, tokens)
    assert (written.status, written.supported) == (status, 1)
    models = [written.summary[s.start : s.end] for s in written.sentences if s.origin == "model"]
    assert models == list(stays)
    for sentence in written.sentences:
        [[start, end]] = sentence.evidence
        if sentence.origin == "text":
            assert written.summary[sentence.start : sentence.end] == TEXT[start:end]


BRIEF = PromptProfile(name="b", system="Summarize.", length=Length(least=24, most=36))


def answer_in(profile: PromptProfile, text: str, reply: str, language: str | None = None) -> SummaryResult:
    request = SummaryRequest(text, profile, language)
    return asyncio.run(Summarizer(FakeEngine(reply), STRICT).summarize(request, deadline=DEADLINE))


@pytest.mark.parametrize("reply", [f"The mill burned on Tuesday. {AGAIN}", AGAIN])
def test_a_central_answer_that_stands_stays_word_for_word(reply: str) -> None:
    written = answer_in(BRIEF, TEXT, reply)
    assert (written.summary, written.status, written.supported) == (reply, "ok", 1)
    assert {sentence.origin for sentence in written.sentences} == {"model"}


def test_a_true_answer_that_is_much_too_short_is_filled() -> None:
    written = answer_in(ROOMY, TEXT, AGAIN)
    assert (written.status, written.supported) == ("repaired", 1)
    assert AGAIN in written.summary


def test_a_heading_does_not_run_into_a_sentence() -> None:
    written = strict(f"The end of the mill\n\n{TEXT}", f"The end of the mill {BURNED}")
    assert BURNED in written.summary
    assert f"The end of the mill {BURNED}" not in written.summary


def test_the_joined_summaries_of_parts_are_shortened_to_statements_of_the_text() -> None:
    text = " ".join(f"{TEXT.replace('mill', name)}" for name in ("mill", "barn", "bridge", "tower", "school"))
    written = write(text, FakeEngine(INVENTED), replace(STRICT, chunk_tokens=80, max_tokens=40))
    assert (written.strategy, written.status, written.supported) == ("map-reduce", "extractive_fallback", 1)
    assert written.sentences
    for sentence in written.sentences:
        [[start, end]] = sentence.evidence
        assert written.summary[sentence.start : sentence.end] == text[start:end]


@pytest.mark.parametrize("most", [16, 40])
def test_the_summary_so_far_leaves_a_refined_document_its_chunks(most: int) -> None:
    long = (
        "that the miller, his wife, his two sons and all of his neighbours wanted to build again in stone before winter"
    )
    text = " ".join(
        f"On day {day} the council of the valley spoke of the mill by the river, {long}." for day in range(40)
    )
    engine = FakeEngine(INVENTED)
    recipe = replace(STRICT, strategy="refine", chunk_tokens=200, max_tokens=most)
    written = write(text, engine, recipe)
    assert (written.strategy, written.supported) == ("refine", 1)
    assert len(engine.texts) > 10
    assert max(map(tokens, engine.texts)) <= recipe.chunk_tokens
    # Only what is handed on is as short as an answer.
    assert tokens(written.summary) > 2 * most


@pytest.mark.parametrize("faithfulness", ["strict", "flag"])
def test_what_is_chosen_without_the_model_is_what_replaces_its_sentences(faithfulness: str) -> None:
    text = f"The mill: a report\n\n1. {BURNED}\n2. Anna saw the smoke first and rang the bell.\n3. {AGAIN}"
    engine = FakeEngine(INVENTED)
    written = write(text, engine, replace(STRICT, strategy="extractive", faithfulness=faithfulness))  # type: ignore[arg-type]
    assert engine.texts == []
    assert (written.status, written.supported) == ("extractive_fallback", 1)
    assert "1." not in written.summary
    assert written.summary == write(text, FakeEngine(INVENTED), STRICT).summary


@pytest.mark.parametrize(
    ("text", "reply", "never"),
    [
        (
            "Did the mill by the river burn on Tuesday in the night? {0}",
            "The mill by the river burned on Tuesday.",
            "?",
        ),
        (
            "Peter met Anna. She sold the mill by the river in May. {0}",
            "Peter sold the mill by the river in May.",
            "She",
        ),
    ],
)
def test_what_cannot_stand_alone_does_not_take_the_place_of_the_models_words(text: str, reply: str, never: str) -> None:
    rest = "Anna saw the smoke first and rang the bell of the church. The council of the town pays for a new roof."
    assert never not in strict(text.format(rest), reply).summary


def test_a_copy_that_lost_a_word_gives_way_to_the_sentence_it_copies() -> None:
    written = strict(TEXT, BURNED.replace("with buckets", "buckets"))
    assert BURNED in written.summary
    assert "came buckets" not in written.summary


def test_a_flag_only_marks() -> None:
    reply = f"{BURNED} {INVENTED}"
    written = write(TEXT, FakeEngine(reply), replace(RECIPE, faithfulness="flag"))
    assert (written.summary, written.status, written.supported) == (reply, "ok", 0.5)
    assert [(s.origin, s.stands) for s in written.sentences] == [("model", True), ("model", False)]


GERMAN = PromptProfile(name="g", system="Summarize.", language="de")
THAI = "โรงสีถูกไฟไหม้ในวันอังคาร ชาวบ้านช่วยกันดับไฟ "


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda: write(TEXT, FakeEngine(f"{BURNED} {INVENTED}")), id="off"),
        pytest.param(lambda: answer_in(GERMAN, TEXT, "Die Mühle brannte am Dienstag.", "en"), id="a translation"),
        pytest.param(lambda: answer_in(PROFILE, THAI * 5, "โรงสีถูกไฟไหม้", "th"), id="Thai"),
    ],
)
def test_what_cannot_be_compared_is_the_models_and_has_no_support(written: object) -> None:
    result = written()  # type: ignore[operator]
    assert (result.status, result.supported) == ("ok", None)
    assert result.sentences
    assert {(s.origin, s.support, s.stands, s.evidence) for s in result.sentences} == {("model", None, False, ())}


def test_json_has_no_sentences() -> None:
    profile = PromptProfile(name="j", system="JSON.", output="json", schema={"type": "object"})
    written = answer_in(profile, TEXT, '{"title": "The king gave a feast."}')
    assert (written.status, written.sentences, written.supported) == ("ok", [], None)


@pytest.mark.parametrize("where", ["before", "after", "within"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_orders_in_a_text_never_get_into_a_repaired_summary(attack: str, where: str) -> None:
    order = ATTACKS[attack]
    half = TEXT.index(AGAIN)
    parts = {"before": (order, TEXT), "after": (TEXT, order), "within": (TEXT[:half], order, TEXT[half:])}
    text = "\n\n".join(parts[where])
    for reply in (INVENTED, order, f"{AGAIN} {order}"):
        assert MARKER not in strict(text, reply, 100).summary
