"""The signals of a summary: what can be measured without a reference."""

from __future__ import annotations

import pytest

from streaming.summarizer.guards.grounding import grounding
from streaming.summarizer.guards.ngrams import copied, repetition, without_repeats

TEXT = (
    "The ferry left the harbour of Tarn at 6:40 with forty passengers. Halfway across, the engineer Ilse Brandt "
    "smelled smoke and stopped the port engine. Captain Okoro turned back on the other one, and nobody was hurt. The "
    "owners say that a worn fuel line was the cause, and that the two other ferries will be looked at before they sail "
    "again."
)
GERMAN = (
    "Am Montag brannte in der Bäckerei Lindner der Ofen. Frau Lindner rief die Feuerwehr, und ihr Sohn trug die Kasse "
    "auf die Straße. Nach zwanzig Minuten war das Feuer gelöscht, aber das Mehl ist nass und der Laden bleibt eine "
    "Woche zu."
)
CHINESE = "山村的老桥在大雨中被冲垮了。村长李国强带着村民用木头搭了一座临时的桥，孩子们第三天就能去上学了。"


def test_a_summary_of_the_text_is_grounded_in_it() -> None:
    found = grounding(
        "Engineer Ilse Brandt smelled smoke on the ferry and stopped an engine; Captain Okoro turned back.",
        TEXT,
        language="en",
    )
    assert found.words == 1
    assert found.pairs is not None
    assert found.pairs > 0.7


def test_other_forms_of_a_word_are_the_word() -> None:
    assert grounding("Engines smoking, captains turning.", TEXT, language="en").words == 1


def test_a_summary_of_other_events_with_the_same_words_has_few_of_the_texts_pairs() -> None:
    told = grounding("The owners left hurt passengers; fuel in the harbour, worn Tarn.", TEXT, language="en")
    assert told.words == 1
    assert told.pairs is not None
    assert told.pairs < 0.5


@pytest.mark.parametrize(
    ("summary", "text", "language", "other"),
    [
        ("Bei Lindner brannte der Ofen; die Feuerwehr löschte das Feuer.", GERMAN, "de", CHINESE),
        ("大雨冲垮了老桥，村长带村民搭了临时的桥。", CHINESE, "zh", GERMAN),
    ],
)
def test_grounding_works_in_other_languages(summary: str, text: str, language: str, other: str) -> None:
    right, wrong = grounding(summary, text, language=language), grounding(summary, other, language=language)
    assert right.words is not None
    assert right.words > 0.7
    assert wrong.words is not None
    assert wrong.words < 0.2


def test_what_a_summary_has_nothing_of_is_not_measured() -> None:
    found = grounding("", TEXT, language="en")
    assert (found.words, found.pairs, found.score) == (None, None, None)


def test_a_language_may_be_named_with_its_country() -> None:
    summary = "Engines smoking, captains turning."
    assert grounding(summary, TEXT, language="en-GB") == grounding(summary, TEXT, language="en")


def test_an_unknown_language_is_measured_without_stems() -> None:
    assert grounding("smelled smoke", TEXT, language="tlh").words == 1


def test_a_loop_repeats_and_prose_does_not() -> None:
    assert repetition("He went home. " * 8) > 0.7
    assert repetition(TEXT) == 0
    assert repetition("Too short") == 0
    assert repetition("他回家了。" * 6) > 0.7
    # A name that comes again is no loop.
    assert repetition("李国强村长修桥，李国强村长开会，孩子们找李国强村长上学。") == 0


def test_what_several_parts_say_is_said_once() -> None:
    parts = ["The mill burned. ", "Anna saw it. ", "The mill burned. ", "Peter slept."]
    assert without_repeats(parts) == ["The mill burned. ", "Anna saw it. ", "Peter slept."]
    similar = [f"The council of the town met in the hall on {day}." for day in ("Monday", "Tuesday", "Friday")]
    assert without_repeats([*similar, "Anna was not there on any of these days."]) == [
        similar[0],
        "Anna was not there on any of these days.",
    ]
    # Of what does not repeat itself, all stays, a run of words in common or not.
    some = [
        "The council of the town met in the hall on Monday, and Anna asked for a new mill of stone.",
        "Peter has wood.",
    ]
    assert (
        without_repeats([*some, "The council of the town wants to hear of it again, when the harvest is over."])[:2]
        == some
    )


def test_an_extract_is_copied_and_a_retelling_is_not() -> None:
    assert copied(TEXT[:120], TEXT) == 1
    assert copied("Smoke made the captain of the ferry turn back to the harbour with one engine.", TEXT) == 0
    assert copied("Nobody was hurt.", TEXT) is None
