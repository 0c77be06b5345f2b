"""Words: the units in which texts are compared, in any script."""

from __future__ import annotations

import pytest

from streaming.summarizer.words import content_words, has_stems, units_per_word, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The Mill, at 3:15 a.m.!", ["the", "mill", "at", "3", "15", "a", "m"]),
        ("Don’t say 'l’été'.", ["don't", "say", "l'été"]),
        ("Straße und STRASSE", ["strasse", "und", "strasse"]),
        ("山村的桥 is a bridge", ["山", "村", "的", "桥", "is", "a", "bridge"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("ประเทศไทย"[:3], ["ป", "ร", "ะ"]),
        ("다리가 무너졌다.", ["다리가", "무너졌다"]),
        ("snake_case", ["snake", "case"]),
        ("… — !?", []),
    ],
)
def test_words_of_every_script(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Most byl uzavřen, byla tam voda", "cs", ["most", "uzavřen", "voda"]),
        ("Broen var stengt og det var vann", "no", content_words("Broen var stengt og det var vann", "nb")),
        ("broene og broens", "nn", content_words("broene og broens", "no")),
    ],
)
def test_a_language_of_several_codes_has_its_stop_words_and_its_stems(
    text: str, language: str, found: list[str]
) -> None:
    assert content_words(text, language) == found
    assert "og" not in found


def test_norwegian_has_stems_by_each_of_its_codes() -> None:
    assert all(map(has_stems, ("no", "nb", "nn-NO")))


def test_two_characters_make_a_word_where_words_are_taken_so() -> None:
    assert units_per_word(words("老桥被大雨冲垮了")) == 2
    assert units_per_word(words("The bridge called 老桥")) == 1
    assert units_per_word([]) == 1
