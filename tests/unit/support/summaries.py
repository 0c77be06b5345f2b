"""Summaries with an engine that says what a test tells it to."""

from __future__ import annotations

import asyncio

from fake_engine import FakeEngine, Reply

from streaming.protocol import Sampling
from streaming.summarizer import PromptProfile, Recipe, Summarizer, SummaryRequest, SummaryResult
from streaming.summarizer.form import Form

PROSE_FORM, LINES_FORM = (
    Form.of(PromptProfile(name="p", system="Summarize.", keep_lines=lines), "en") for lines in (False, True)
)
PROFILE = PromptProfile(name="default", system="Summarize.")
RECIPE = Recipe(
    model_sha256="ab",
    representation="Q4_1",
    sampling=Sampling(),
    chunk_tokens=200,
    max_tokens=40,
    max_chunks=256,
    # What the ladder does is in test_ladder.
    ladder=False,
    # What becomes of sentences that do not stand on the text is in the tests of evidence.
    faithfulness="off",
)
DEADLINE = 1e12
SENTENCE = "The old man went down to the sea. "
SHORT = SENTENCE * 3
LONG = SENTENCE * 100
LOOP = "He went and went and went and went and went. " * 8


def write(text: str, engine: FakeEngine, recipe: Recipe = RECIPE, language: str | None = None) -> SummaryResult:
    return asyncio.run(Summarizer(engine, recipe).summarize(SummaryRequest(text, PROFILE, language), deadline=DEADLINE))


def answer(text: str, reply: Reply, **engine: object) -> SummaryResult:
    return write(text, FakeEngine(reply, **engine))  # type: ignore[arg-type]
