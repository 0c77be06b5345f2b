"""Which sentences of a text its summary takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_engine import FakeEngine
from summaries import DEADLINE, RECIPE

from streaming.summarizer import PromptProfile, Summarizer, SummaryRequest
from streaming.summarizer.evidence.salience import choose, salience
from streaming.summarizer.evidence.source_text import SourceText
from streaming.summarizer.prompts.profile import Length

CLOSED = "The bridge over the Sorne is closed to lorries because its northern pier has a crack."
REPAIR = "The repair of the pier takes six weeks and costs the county 40,000 pounds."
DETOUR = "Lorries take the bridge at Haverell, which is nine miles longer."
REPORT = f"{CLOSED} {REPAIR} {DETOUR}"


def extract(text: str, *, words: float, votes: tuple[int, ...] = ()) -> list[str]:
    source = SourceText(text, "en")
    scores = salience(source, source.candidates(0, len(text)), dict.fromkeys(votes, 1.0))
    return [source.statements[i].text for i in choose(source, scores, words=words)]


@pytest.mark.parametrize(
    "aside",
    [
        "Thanks to everybody who sent a photograph of the crack in the pier of the bridge.",
        "I hope that the crack in the bridge over the Sorne did not spoil the week of the county.",
        "If you have any questions about the bridge and its pier, the county has a leaflet.",
        "The minutes of the last meeting about the bridge and the pier were approved by the county.",
        '"A bridge has a pier and a crack has a county," said the driver of the lorry.',
        "See section 4 of the report about the bridge and the pier of the county.",
        "Gravel, timber, rope, chain and a crack in the county.",
    ],
)
def test_courtesies_talk_and_lists_of_things_stay_out(aside: str) -> None:
    assert aside not in extract(f"{CLOSED} {aside} {REPAIR} {DETOUR}", words=30)
    assert aside not in extract(f"{REPORT} {aside}", words=30)


def test_a_question_is_taken_when_it_asks_somebody_to_do_something() -> None:
    asked = "Could you confirm the price of the bridge and its pier by Friday?"
    assert asked in extract(f"{asked} {DETOUR}", words=40)
    asked = "Who will confirm the price of the bridge and its pier by Friday?"
    assert asked not in extract(f"{asked} {DETOUR}", words=40)


def test_a_letter_does_not_open_with_its_point() -> None:
    def first(text: str) -> float:
        source = SourceText(text, "en")
        candidates = [i for i in source.candidates(0, len(text)) if source.statements[i].whole]
        return salience(source, candidates, {})[candidates[0]]

    assert first(REPORT) > first(f"Dear Anna,\n\n{REPORT}")


def test_a_sentence_from_a_section_that_has_none_comes_first() -> None:
    other = "The pier of the bridge takes weeks of repair, and the crack costs the county more pounds."
    text = f"# The bridge\n\n{CLOSED} {other}\n\n# The lorries\n\n{DETOUR}"
    assert extract(text, words=24) == [CLOSED, DETOUR]


def test_what_somebody_needs_before_a_sentence_must_be_worth_its_place() -> None:
    weak = "Somebody sang."
    assert extract(f"{weak} They closed the bridge, the pier and the county of the crack.", words=20) == []


def test_the_best_of_a_long_document_is_taken_whatever_part_it_stands_in() -> None:
    dull = " ".join(f"On day {day} the watchman wrote the word nothing into his book." for day in range(40))
    profile = PromptProfile(name="p", system="Summarize.", length=Length(least=30, most=40))
    recipe = replace(RECIPE, faithfulness="strict", chunk_tokens=120)
    for text in (f"{REPORT} {dull}", f"{dull} {REPORT}"):
        request = SummaryRequest(text.replace("watchman", "watchman of the bridge"), profile)
        written = asyncio.run(Summarizer(FakeEngine("Nothing."), recipe).summarize(request, deadline=DEADLINE))
        assert written.chunks > 4
        assert CLOSED in written.summary
