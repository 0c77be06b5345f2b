"""What is no language reaches neither model nor summary; the message says what was left out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_engine import FakeEngine, FakeRecipe
from model_files import MODEL
from no_language import MAKERS, random_bytes

from streaming.errors import BadInput, DocumentError
from streaming.messages import Document, LeftOut, Summary
from streaming.pipeline.desk import Desk
from streaming.planning.engine_choice import foresee
from streaming.planning.work import plan_work
from streaming.settings import load

FIRST = "The water mill at Orrin Bridge stopped grinding on Tuesday after a beam in the wheel house cracked."
LAST = "The committee agreed to pay for the repair in two parts, and the miller will pay the rest of it."
UNREAD = ["a data URI in Markdown", "base64 of an e-mail", "a hex dump", "minified code", "a run without spaces"]


def attempt(text: str, engine: FakeEngine, **options: object) -> Summary | DocumentError:
    settings = load({"engine": "in-process", **options})
    planned = plan_work(settings, foresee(settings, MODEL, cores=1), here=False)
    desk = Desk(replace(planned, engine=FakeRecipe(engine)))  # type: ignore[arg-type]
    return asyncio.run(desk.attempt(Document(id="mill", text=text)))


@pytest.mark.parametrize("options", [{}, {"faithfulness": "off"}, {"strategy": "extractive"}, {"strategy": "refine"}])
@pytest.mark.parametrize("kind", MAKERS)
def test_neither_model_nor_summary_has_what_is_no_language(kind: str, options: dict[str, object]) -> None:
    other, engine = MAKERS[kind](random_bytes(2)), FakeEngine(lambda asked: asked)
    outcome = attempt(f"{FIRST}\n\n{other}\n\n{LAST}", engine, **options)
    assert isinstance(outcome, Summary)
    for line in other.splitlines():
        piece = max(line.split(), key=len, default="")
        if len(piece) > 8:
            assert piece not in outcome.summary
            assert not any(piece in asked for asked in engine.texts)
    assert sum(item.characters for item in outcome.left_out) == sum(map(len, other.split()))


def test_evidence_points_into_the_document_as_it_came() -> None:
    text = f"\u200b{FIRST}\n\n{MAKERS['a hex dump'](random_bytes(3))}\n\n{LAST}"
    outcome = attempt(text, FakeEngine(LAST), faithfulness="strict")
    assert isinstance(outcome, Summary)
    [start, end] = outcome.sentences[-1].evidence[-1]
    assert text[start:end] == LAST


@pytest.mark.parametrize("kind", UNREAD)
def test_a_document_of_nothing_but_no_language_is_refused_by_name_and_costs_no_model(kind: str) -> None:
    engine = FakeEngine()
    outcome = attempt(MAKERS[kind](random_bytes(4)), engine)
    assert isinstance(outcome, BadInput)
    assert outcome.type == "NotLanguage"
    assert engine.texts == []


@pytest.mark.parametrize("kind", ["a log", "a table with bars", "a program", "JSON in lines"])
def test_a_document_that_is_all_log_table_or_program_has_a_summary(kind: str) -> None:
    assert isinstance(attempt(MAKERS[kind](random_bytes(5)), FakeEngine()), Summary)


def test_what_was_left_out_is_named_with_its_amount() -> None:
    outcome = attempt(f"{FIRST}\n\n{'aB3x' * 40}\n\n{LAST}", FakeEngine())
    assert isinstance(outcome, Summary)
    assert outcome.left_out == [LeftOut(kind="encoded", characters=160)]
