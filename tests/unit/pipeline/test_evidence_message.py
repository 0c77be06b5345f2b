"""What a message says of each sentence of its summary."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_engine import FakeEngine, FakeRecipe
from model_files import MODEL

from streaming.messages import Document, Summary
from streaming.pipeline.desk import Desk
from streaming.planning.engine_choice import foresee
from streaming.planning.work import plan_work
from streaming.settings import load

TEXT = (
    "The mill burned on Tuesday, and 12 people came with buckets. Anna saw the smoke first and rang the bell. "
    "By evening the roof of the mill was gone. The miller wants to build it again in stone before the winter."
)
TRUE, OTHER_NUMBER = "Anna saw the smoke first and rang the bell.", "The mill burned on Tuesday, and 90 people came."


def summarize(text: str, reply: str, **options: object) -> Summary:
    settings = load({"engine": "in-process", "ladder": False, **options})
    planned = plan_work(settings, foresee(settings, MODEL, cores=1), here=False)
    desk = Desk(replace(planned, engine=FakeRecipe(FakeEngine(reply))))  # type: ignore[arg-type]
    outcome = asyncio.run(desk.attempt(Document(id="mill", text=text, language="en")))
    assert isinstance(outcome, Summary)
    return outcome


def test_a_sentence_with_another_number_is_marked_although_its_words_are_the_texts() -> None:
    summary = summarize(TEXT, f"{TRUE} {OTHER_NUMBER}", faithfulness="flag", least_support=0.5)
    true, other = summary.sentences
    assert (true.origin, true.stands, other.origin, other.stands) == ("model", True, "model", False)
    assert other.support is not None
    assert other.support > 0.5
    assert (summary.status, summary.signals.supported) == ("ok", 0.5)


def test_evidence_is_where_the_document_says_it_with_all_its_characters() -> None:
    [sentence] = summarize(f"\u200b\x07{TEXT}", TRUE, faithfulness="flag").sentences
    [[start, end]] = sentence.evidence
    assert f"\u200b\x07{TEXT}"[start:end] == TRUE


def test_a_sentence_that_stands_on_nothing_is_replaced_where_the_settings_are_strict() -> None:
    summary = summarize(TEXT, f"{TRUE} The king gave a feast for the horses.", faithfulness="strict")
    assert "king" not in summary.summary
    assert summary.status in {"repaired", "extractive_fallback"}
    assert summary.signals.supported == 1
    for sentence in summary.sentences:
        if sentence.origin == "text":
            [[start, end]] = sentence.evidence
            assert TEXT[start:end] == summary.summary[sentence.start : sentence.end]


@pytest.mark.parametrize(
    ("text", "reply", "options"),
    [
        pytest.param(TEXT, TRUE, {"faithfulness": "off"}, id="it is off"),
        pytest.param("ໂຮງສີໄຟໄໝ້ໃນວັນອັງຄານ. " * 12, "ໂຮງສີໄຟໄໝ້.", {"faithfulness": "flag"}, id="Lao"),
    ],
)
def test_what_cannot_be_measured_is_null(text: str, reply: str, options: dict[str, object]) -> None:
    summary = summarize(text, reply, **options)
    assert summary.signals.supported is None
    assert {(sentence.support, sentence.stands) for sentence in summary.sentences} == {(None, None)}
