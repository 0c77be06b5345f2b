"""Texts and summaries cut, joined and shortened to a number of tokens, without the model."""

from __future__ import annotations

import pytest
from summaries import LINES_FORM, PROSE_FORM

from streaming.summarizer.cutting import TextCutter


def by_words(text: str) -> int:
    return len(text.split())


def sales(number: int) -> str:
    """Return a text of `number` sentences of six words each, none of which repeats another."""
    return " ".join(f"Anna{day} sold {day} sacks of flour." for day in range(number))


@pytest.mark.parametrize(("sentences", "shortened"), [(20, False), (22, True)])
def test_joined_summaries_may_be_a_quarter_longer_than_asked_for(sentences: int, shortened: bool) -> None:
    joined = sales(sentences)
    summary = TextCutter(by_words, PROSE_FORM).shorten(joined, 100)
    assert (summary != joined) == shortened
    assert by_words(summary) <= (100 if shortened else 125)


def test_two_halves_are_the_text_and_one_character_stays_whole() -> None:
    cutter = TextCutter(by_words, PROSE_FORM)
    assert "".join(cutter.halve(sales(6))) == sales(6)
    assert len(cutter.halve(sales(6))) == 2
    assert cutter.halve("x") == ["x"]


@pytest.mark.parametrize(("lines", "joined"), [(False, "One. Two."), (True, "One.\nTwo.")])
def test_joined_summaries_say_each_sentence_once(lines: bool, joined: str) -> None:
    separator = "\n" if lines else " "
    cutter = TextCutter(by_words, LINES_FORM if lines else PROSE_FORM)
    assert cutter.join(["One.", f"One.{separator}Two."]) == joined
