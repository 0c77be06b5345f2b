"""The sentences that a summary may take over, and how they read."""

from __future__ import annotations

import pytest
from summaries import PROSE_FORM

from streaming.summarizer.evidence import Repairer, SourceText
from streaming.summarizer.evidence.statements import read_statements

PROSE = "The mill burned on Tuesday in the night."


def whole(text: str, language: str = "en") -> list[str]:
    return [statement.text for statement in read_statements(text, language) if statement.whole]


@pytest.mark.parametrize(
    ("sentence", "said", "language"),
    [
        ("However, the mill burned on Tuesday.", "The mill burned on Tuesday.", "en"),
        ("Moreover, in fact, the mill burned on Tuesday.", "The mill burned on Tuesday.", "en"),
        ("However Anna rang the bell of the mill.", "Anna rang the bell of the mill.", "en"),
        ("And so the mill burned on Tuesday.", "The mill burned on Tuesday.", "en"),
        ("As a result, the mill burned on Tuesday.", "The mill burned on Tuesday.", "en"),
        ("Außerdem, die Mühle am Fluss ist weg.", "Die Mühle am Fluss ist weg.", "de"),
        ("Und die Mühle am Fluss ist weg.", "Die Mühle am Fluss ist weg.", "de"),
        ("但是，磨坊在星期二的夜里烧毁了。", "磨坊在星期二的夜里烧毁了。", "zh"),
        ("1. The mill burned on Tuesday at noon.", "The mill burned on Tuesday at noon.", "en"),
        ("- *The* **old** mill burned on Tuesday.", "The old mill burned on Tuesday.", "en"),
        ("The `mill` burned on Tuesday[12].", "The mill burned on Tuesday.", "en"),
        ("The mill burned on Tuesday\nin the night.", PROSE, "en"),
        (
            "The mill (which had stood there for more than three hundred years) burned on Tuesday.",
            "The mill burned on Tuesday.",
            "en",
        ),
        ("After Cllr. Penrose left, the mill burned.", "After Cllr. Penrose left, the mill burned.", "en"),
        ('"Mill" is what the town calls it.', '"Mill" is what the town calls it.', "en"),
        (
            '"The Old Man and the Sea" won a prize of the town in 1953.',
            '"The Old Man and the Sea" won a prize of the town in 1953.',
            "en",
        ),
        ("The mill   burned on   Tuesday in   the night.", "The mill burned on Tuesday in the night.", "en"),
        ("However Anna tried hard, the mill burned on.", "However Anna tried hard, the mill burned on.", "en"),
        ("However he tried, the mill burned on.", "However he tried, the mill burned on.", "en"),
        ("The mill (of 1712) burned on Tuesday.", "The mill (of 1712) burned on Tuesday.", "en"),
        ("The cost of the mill was 3 * 4 crowns.", "The cost of the mill was 3 * 4 crowns.", "en"),
    ],
)
def test_a_statement_reads_as_a_summary_would_say_it(sentence: str, said: str, language: str) -> None:
    assert whole(sentence, language) == [said]


@pytest.mark.parametrize(
    "sentence",
    [
        "The town will pay for the following things:",
        "Who will pay for the mill by the river?",
        'The miller said "we build the mill again.',
        "The miller said “we build the mill again.",
        "We build the mill again,” said the miller of it.",
        "“We build the mill again before the winter comes.”",
        "and the mill by the river burned on Tuesday…",
        '"We build the mill again," said the miller of it.',
        "'We build the mill again,' said the miller of it.",
        '"The old mill by the river" said the miller of it.',
        "Can you imagine the town without a mill by the river?",
        "It burned.",
        "Monday, 12 May in the hall of the town.",
        "18:00 in the great hall of the town.",
        "Ref. 23/0871   The mill by the river is named nowhere.",
    ],
)
def test_fragments_questions_and_quotations_are_not_taken(sentence: str) -> None:
    assert PROSE in whole(f"{PROSE} {sentence}")
    assert whole(f"{PROSE}\n\n{sentence}") == [PROSE]


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("She saw the smoke and rang the bell.", "en"),
        ("However, it was gone by the evening.", "en"),
        ("This was seen by everybody in town.", "en"),
        ("Er sah den Rauch über dem Dorf.", "de"),
        ("他第一个看见了村子上面的烟。", "zh"),
    ],
)
def test_a_sentence_that_opens_with_a_pronoun_needs_the_one_before(sentence: str, language: str) -> None:
    [statement] = read_statements(sentence, language)
    assert statement.dependent


def test_where_a_turn_is_taken_it_says_who_spoke() -> None:
    turns = f"Anna: {PROSE}\nMax: Who saw it burn?\nAnna: The whole town saw the fire.\nMax: That is bad for all."
    assert whole(turns)[:2] == [f"Anna: {PROSE}", "Anna: The whole town saw the fire."]


MIXED = f"""# Report

{PROSE} However, the roof was gone by the evening. She had seen the smoke from her window.
The miller said "we build again. The town pays for these things:

1. *The wheel of the mill costs 300 crowns.*
2. They will buy the stones in the spring.
* The **roof** must be ready before the first snow.

She will ask the council for the money. The council meets every Monday in the hall.
"""


@pytest.mark.parametrize("words", [10, 25, 60, 200])
def test_no_extract_has_a_pronoun_alone_or_a_mark_of_what_was_around_it(words: int) -> None:
    repairer = Repairer(SourceText(MIXED, "en"), least=0.85, form=PROSE_FORM)
    summary = repairer.repair("", MIXED, words, whole=True)
    assert repairer.taken
    assert summary.count('"') % 2 == 0
    order = list(repairer.taken)
    for sentence, number in repairer.taken.items():
        assert not sentence.endswith(":")
        assert not sentence.startswith(("1", "2", "*", "However", "#"))
        assert "*" not in sentence
        if sentence.startswith(("She", "They")):
            before = order.index(sentence) - 1
            assert before >= 0
            assert repairer.taken[order[before]] == number - 1


@pytest.mark.parametrize(
    "sentence",
    [
        "When dawn came on the reef, he had counted for eleven hours.",
        "We have twenty-four of them, for each flat.",
        "Also present were the clerk and two guests of the council.",
        "Anna takes it, and Peter has the other week.",
        "After that the mill stood empty for a year.",
        "Needed by Monday at the latest, otherwise the date is at risk.",
        "To be redrafted by the clerk and the guests.",
        "If it does not, the lock is to be replaced by the workshop.",
        "Nine people tried to pay in that time, and two of them succeeded.",
    ],
)
def test_a_sentence_that_speaks_of_somebody_unnamed_needs_the_one_before_it(sentence: str) -> None:
    assert [statement.dependent for statement in read_statements(f"The mill burned down. {sentence}", "en")][-1]


@pytest.mark.parametrize(
    "sentence",
    [
        "The old man said that he had seen the fire.",
        "When Anna came, she saw the fire.",
        "Tarnbeck cut its forecast for the year.",
        "Tarnbeck says it will close its office in Rome.",
        "Due to heavy rain the match was cancelled on Sunday.",
        "Founded in 1912, the mill employs forty people.",
        "Fred from accounting resigned on Monday morning.",
    ],
)
def test_a_sentence_that_names_somebody_first_stands_alone(sentence: str) -> None:
    assert [statement.dependent for statement in read_statements(sentence, "en")] == [False]


def test_a_long_bracket_is_left_out_of_what_is_said_and_not_of_what_is_compared() -> None:
    sentence = "The mill (which the miller Anna Berger had bought from the council in 1912) burned on Tuesday."
    [statement] = read_statements(sentence, "en")
    assert statement.text == "The mill burned on Tuesday."
    assert statement.full == sentence
    source = SourceText(f"{sentence} Anna rang the bell of the church.", "en")
    support = source.support(statement.units)
    assert support is not None
    assert support.share == 1


def test_a_sentence_that_announces_something_is_not_taken_without_it() -> None:
    [statement] = read_statements("The following command prints the next four tides.", "en")
    assert not statement.whole
