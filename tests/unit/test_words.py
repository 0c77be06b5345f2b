"""Words: the units in which texts are compared, in any script."""

from __future__ import annotations

import pytest

from streaming.summarizer.words import words


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
