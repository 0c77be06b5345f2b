"""What is counted at the engine, which is a way to another process and back, each time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from fake_engine import FakeEngine
from summaries import LONG, PROFILE, RECIPE, SHORT

from streaming.errors import EngineError
from streaming.protocol import Generation, GenerationRequest, Message
from streaming.summarizer import PromptProfile, Summarizer, SummaryRequest


class Counting(FakeEngine):
    """Notes the texts that it was asked to count before it generated anything; "" for instructions alone."""

    def __init__(self) -> None:
        super().__init__("He went.")
        self.counted: list[str] = []
        self.generated = False

    def count(self, messages: Sequence[Message]) -> int:
        if not self.generated:
            self.counted.append(messages[1].content)
        return super().count(messages)

    async def generate(self, request: GenerationRequest, **how: Any) -> Generation:
        self.generated = True
        return await super().generate(request, **how)


def counted(engine: Counting, summarizer: Summarizer, text: str) -> list[str]:
    """Return what was counted for a text before the first answer was asked for."""
    engine.counted, engine.generated = [], False
    asyncio.run(summarizer.summarize(SummaryRequest(text, PROFILE)))
    return engine.counted


def test_instructions_are_counted_once_for_all_texts_and_a_short_text_once() -> None:
    engine = Counting()
    summarizer = Summarizer(engine, RECIPE)
    first = counted(engine, summarizer, SHORT)
    # Of the whole, of a part, of a reduction, and of a refinement at most.
    assert 1 <= first.count("") <= 4
    assert first[first.count("") :] == [SHORT]
    assert counted(engine, summarizer, f"{SHORT} Again.") == [f"{SHORT} Again."]
    assert "" not in counted(engine, summarizer, LONG)


TALES = " ".join(
    f"The {tale} of the valley was told by {name} in the {place} book about the old mill and its river."
    for tale in ("story", "tale", "song", "history", "legend")
    for name in ("Anna", "Peter", "Ilse", "Karl")
    for place in ("first", "second", "third", "fourth")
)
FIRST = (
    3 * "This is the first part of a long text; set the scene, name all people and places, and say when it happens. "
)


@pytest.mark.parametrize(
    ("strategy", "part"),
    [("refine", None), ("map-reduce", f"{{% if part == 1 %}}{FIRST}{{% endif %}}Summarize part {{{{ part }}}}.")],
    ids=["an extract as the summary so far", "a template that asks which part it is"],
)
def test_whatever_passes_the_check_fits_the_context(strategy: Any, part: str | None) -> None:
    profile = PromptProfile(name="default", system="Summarize.", part=part)
    recipe = replace(RECIPE, strategy=strategy, ladder=True)
    passed = 0
    for context in range(272, 400, 8):
        # Every answer is bad, so the summary so far is an extract.
        summarizer = Summarizer(FakeEngine("Zebra zebra.", context=context), recipe)
        try:
            summarizer.check(profile)
        except EngineError:
            continue
        assert asyncio.run(summarizer.summarize(SummaryRequest(TALES, profile, "en"))).status == "extractive_fallback"
        passed += 1
    assert passed
