"""Any text in, a summary or an extract or a reason out: whatever the text is, and whatever the model says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_engine import FakeEngine, FakeRecipe, Reply
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_files import MODEL

from streaming.errors import DeadlineExceeded, DocumentError, EngineCrashed
from streaming.messages import Document, Summary
from streaming.pipeline.desk import Desk, unload
from streaming.planning.engine_choice import foresee
from streaming.planning.work import Work, plan_work
from streaming.settings import load

LONGEST = 100_000
CONTEXT = 2048
STRATEGIES = ["auto", "stuff", "map-reduce", "refine", "extractive"]


def garbage(asked: str) -> str:
    """Return characters of all planes, the same for the same text."""
    chance = random.Random(len(asked))
    return "".join(
        chr(chance.choice((chance.randrange(32, 0xD7FF), chance.randrange(0xE000, 0x10FFFF)))) for _ in range(300)
    )


REPLIES: dict[str, Reply] = {
    "nothing": "",
    "garbage": garbage,
    "loops": "He went and went and went and went. " * 20,
    "the prompt": lambda asked: asked,
    "a template": "<|im_start|>assistant\n<|im_end|>",
    "a word": "Yes.",
    "too late": DeadlineExceeded("too late"),
    "a crash": EngineCrashed("crashed"),
    "a fault of ours": ValueError("ours"),
}


def work(reply: Reply, **options: object) -> Work:
    chosen = load({"engine": "in-process", "context": CONTEXT, **options})
    planned = plan_work(chosen, foresee(chosen, MODEL, cores=1), here=False)
    return replace(planned, engine=FakeRecipe(FakeEngine(reply, context=CONTEXT)))  # type: ignore[arg-type]


def attempt(text: str, planned: Work) -> Summary | DocumentError:
    return asyncio.run(Desk(planned).attempt(Document(id="id", text=text)))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw a text of any length up to 100,000 characters: pieces of any Unicode, repeated."""
    pieces = draw(st.lists(st.text(max_size=40), min_size=1, max_size=12))
    joined = draw(st.sampled_from(["", " ", ". ", "\n\n", "。"])).join(pieces)
    return (joined * draw(st.sampled_from([1, 3, 50, 5_000])))[:LONGEST]


@pytest.mark.timeout(300)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=texts(), strategy=st.sampled_from(STRATEGIES), reply=st.sampled_from(list(REPLIES)))
def test_every_text_ends_as_a_summary_or_with_a_reason(text: str, strategy: str, reply: str) -> None:
    unload()
    # A prompt above the context is an error of the fake engine's, PromptTooLong, and none of those that may come.
    outcome = attempt(text, work(REPLIES[reply], strategy=strategy))
    if isinstance(outcome, DocumentError):
        of_the_text = {"EmptyText", "NotLanguage", "DocumentTooLong"}
        assert outcome.type in {*of_the_text, "DeadlineExceeded", "EngineCrashed", "Unexpected"}
        assert (reply in {"too late", "a crash", "a fault of ours"}) or outcome.type in of_the_text
        return
    # As a reader of the topic has it.
    again = Summary.model_validate_json(outcome.model_dump_json())
    check_sentences(again, text)
    assert again.summary.strip() or not any(character.isalnum() for character in text)
    assert again.signals.repetition is None or 0 <= again.signals.repetition <= 1


def check_sentences(summary: Summary, text: str) -> None:
    """Check that sentences follow each other in the summary, that evidence is in the text, and that the status fits."""
    ends = [0, *(sentence.end for sentence in summary.sentences)]
    for before, sentence in zip(ends, summary.sentences, strict=False):
        assert before <= sentence.start < sentence.end <= len(summary.summary)
        assert all(0 <= start < end <= len(text) for start, end in sentence.evidence)
    origins = {sentence.origin for sentence in summary.sentences}
    by_origin = {frozenset({"text"}): "extractive_fallback", frozenset({"model", "text"}): "repaired"}
    assert summary.status == by_origin.get(frozenset(origins), "ok")


TEXTS: dict[str, Callable[[int], str]] = {
    "words": lambda length: "word " * (length // 5),
    "zh": lambda length: "字" * length,
    "one word": lambda length: "क" * length,
    "blank": lambda length: "\n" * (length - 1) + "x",
    "letters": lambda length: "A. " * (length // 3),
    "emoji": lambda length: "😀" * length,
}


@pytest.mark.parametrize(
    ("length", "reply"),
    [
        *((LONGEST // 10, reply) for reply in ("nothing", "garbage", "loops", "the prompt")),
        # What takes long with a text does so before the model says anything.
        (LONGEST, "garbage"),
    ],
)
@pytest.mark.parametrize("text", TEXTS)
def test_long_texts_end_whatever_the_model_says(text: str, length: int, reply: str) -> None:
    outcome = attempt(TEXTS[text](length), work(REPLIES[reply], max_chunks=2000))
    assert isinstance(outcome, Summary)
    assert outcome.summary.strip()
    # An eighth part and never more than 600 tokens, which are 1,800 bytes here; a cut may be in mid-sentence.
    assert len(outcome.summary.encode()) < 1_800 * 1.5


def test_a_document_without_an_id_goes_by_the_hash_of_its_text() -> None:
    outcome = asyncio.run(
        Desk(work("Anna mends the mill.")).attempt(Document(text="Anna mends the mill by the river."))
    )
    assert isinstance(outcome, Summary)
    assert outcome.id == outcome.document_sha256
