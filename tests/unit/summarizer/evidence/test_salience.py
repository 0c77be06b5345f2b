"""Which sentences of a text its summary takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_engine import FakeEngine
from summaries import DEADLINE, RECIPE

from streaming.summarizer import PromptProfile, Summarizer, SummaryRequest
from streaming.summarizer.evidence.cues import cue_score
from streaming.summarizer.evidence.salience import choose, salience
from streaming.summarizer.evidence.source_text import SourceText
from streaming.summarizer.evidence.statements import read_statements
from streaming.summarizer.prompts.profile import Length

CLOSED = "The bridge over the Sorne is closed to lorries because its northern pier has a crack."
REPAIR = "The repair of the pier takes six weeks and costs the county 40,000 pounds."
DETOUR = "Lorries take the bridge at Haverell, which is nine miles longer."
REPORT = f"{CLOSED} {REPAIR} {DETOUR}"


def extract(text: str, *, words: float, votes: tuple[int, ...] = ()) -> list[str]:
    source = SourceText(text, "en")
    scores = salience(source, source.candidates(0, len(text)), dict.fromkeys(votes, 1.0))
    return [source.statements[i].text for i in choose(source, scores, words=words)]


PLAIN = "The bridge of the county stands over the river at Haverell."


@pytest.mark.parametrize(
    ("sentence", "better"),
    [
        ("We found that the bridge of the county stands over the river.", True),
        ("Decision: the bridge of the county stands over the river.", True),
        ("Please note the bridge of the county that stands over the river.", True),
        ("Little is known of the bridge of the county over the river.", False),
        ("Thanks to everybody who stands on the bridge of the county.", False),
        ("Timber, rope, chain and a bridge over the river of the county.", False),
        ("The driver said to us that the bridge stands over the river.", False),
        ("See section 4 for the bridge of the county over the river.", False),
        ("Item 4 has the bridge of the county over the river at Haverell.", False),
        ("The bridge stands over the river.", False),
    ],
)
def test_a_sentence_gains_or_loses_by_its_words(sentence: str, better: bool) -> None:
    def score(text: str) -> float:
        [statement] = read_statements(text, "en")
        return cue_score(statement, statement.full, "en")

    assert (score(sentence) > score(PLAIN)) == better
    assert abs(score(sentence) - score(PLAIN)) > 0.2


@pytest.mark.parametrize(
    "sentence",
    [
        "The plan is a big win for the whole team of the county.",
        "The yen appreciated by 12 percent against the dollar.",
        "The Commission welcomed the ceasefire and pledged two billion euros.",
        "Thanks to the new vaccine, deaths in the county were fewer last year.",
        "Hope for a ceasefire in the north of the county has faded again.",
        "The bank will decide on rates at its next meeting in May.",
        "The army became weak after the fall of the empire of Rome.",
    ],
)
def test_news_are_no_courtesies_and_no_lists(sentence: str) -> None:
    [statement] = read_statements(sentence, "en")
    assert cue_score(statement, statement.full, "en") == 0


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


def best(text: str, *scores: float, words: float = 24, title: str = "") -> list[str]:
    """Return what is chosen when the whole statements of a text have these scores."""
    source = SourceText(text, "en", title)
    whole = [i for i, statement in enumerate(source.statements) if statement.whole]
    return [source.statements[i].text for i in choose(source, dict(zip(whole, scores, strict=True)), words=words)]


def test_a_sentence_from_a_section_that_has_none_comes_first() -> None:
    text = f"# The bridge\n\n{CLOSED} {REPAIR}\n\n# The lorries\n\n{DETOUR}"
    assert best(text, 2.0, 1.5, 1.4) == [CLOSED, DETOUR]
    assert best(text, 2.0, 1.9, 1.4) == [CLOSED, REPAIR]


def test_the_subject_of_the_text_is_named_once() -> None:
    text = f"{REPAIR} {DETOUR} {CLOSED}"
    assert best(text, 1.5, 1.4, 1.3, words=14) == [REPAIR]
    assert best(text, 1.5, 1.4, 1.3, words=14, title="A crack in a northern pier closes the Sorne") == [CLOSED]
    assert best(text, 1.5, 1.4, 1.3, words=26, title="A crack in a northern pier closes the Sorne") == [REPAIR, CLOSED]


def test_a_greeting_or_a_question_is_no_title() -> None:
    for opening in ("Dear Anna,", "Who pays for the bridge?", "From: Anna Berger"):
        assert not SourceText(f"{opening}\n\n{CLOSED}", "en").title
    assert SourceText(f"The bridge of Tarn\n\n{CLOSED}", "en").title


def test_what_somebody_needs_before_a_sentence_must_be_worth_its_place() -> None:
    text = f"The choir of the county sang again. They closed the bridge and its pier. {REPAIR}"
    assert best(text, 0.1, 2.0, 1.5, words=14) == [REPAIR]
    assert best(text, 1.1, 2.0, 0.5, words=14) == [
        "The choir of the county sang again.",
        "They closed the bridge and its pier.",
    ]


def test_the_best_of_a_long_document_is_taken_whatever_part_it_stands_in() -> None:
    dull = " ".join(f"On day {day} the watchman wrote the word nothing into his book." for day in range(40))
    profile = PromptProfile(name="p", system="Summarize.", length=Length(least=30, most=40))
    recipe = replace(RECIPE, faithfulness="strict", chunk_tokens=120)
    for text in (f"{REPORT} {dull}", f"{dull} {REPORT}"):
        request = SummaryRequest(text.replace("watchman", "watchman of the bridge"), profile)
        written = asyncio.run(Summarizer(FakeEngine("Nothing."), recipe).summarize(request, deadline=DEADLINE))
        assert written.chunks > 4
        assert CLOSED in written.summary
