"""The language of a summary: which one the model is asked for, and what becomes of an answer in another one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fake_engine import FakeEngine
from summaries import DEADLINE, RECIPE, SENTENCE, write

from streaming.summarizer import PromptProfile, Summarizer, SummaryRequest

GERMAN = "Der alte Mann ging jeden Morgen hinunter an das Meer und kam am Abend mit leeren Händen wieder zurück. " * 2


def test_a_summary_is_asked_for_in_the_language_of_the_text() -> None:
    engine = FakeEngine("Er ging.")
    write(GERMAN, engine)
    write(SENTENCE * 5, engine)
    write(SENTENCE, engine, language="fr-CA")
    assert engine.systems == ["Summarize. Write in German.", "Summarize.", "Summarize. Write in French."]
    english = PromptProfile(name="p", system="Summarize.", language="en")
    for text in (GERMAN, SENTENCE * 5):
        asyncio.run(Summarizer(engine, RECIPE).summarize(SummaryRequest(text, english), deadline=DEADLINE))
    assert engine.systems[3:] == ["Summarize. Write in English.", "Summarize."]


def test_an_answer_in_another_language_is_bad() -> None:
    english = (
        "Every morning Mann went down to the Meer, and he came back in the Abend with leeren Händen, every morning."
    )
    for said, status in ((english + english, "extractive_fallback"), (GERMAN, "ok")):
        written = write(GERMAN * 4, FakeEngine(said), replace(RECIPE, ladder=True, max_tokens=80, chunk_tokens=400))
        assert written.status == status
        assert written.summary.startswith("Der alte Mann ging")
