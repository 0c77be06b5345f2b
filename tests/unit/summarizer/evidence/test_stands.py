"""What a sentence may not change of the one that it stands on."""

from __future__ import annotations

import pytest

from streaming.summarizer.evidence.stands import stands_on
from streaming.summarizer.evidence.statements import read_statements

OPEN = ("The council opened the bridge on 12 May for 300 cars.", "en")
CLOSED = ("The council did not open the bridge in May.", "en")
GERMAN = ("Der Rat hat die Brücke nicht geöffnet.", "de")
CHINESE = ("市议会没有打开这座桥。", "zh")


@pytest.mark.parametrize(
    ("sentence", "statement", "stands"),
    [
        ("The council opened the bridge on 12 May.", OPEN, True),
        ("The council opened the bridge.", OPEN, True),
        ("The council never opened the bridge on 12 May.", OPEN, False),
        ("The council didn't open the bridge on 12 May.", OPEN, False),
        ("The council didn’t open the bridge on 12 May.", OPEN, False),
        ("The council opened the bridge on 13 May.", OPEN, False),
        ("The council opened the bridge on 12 May for 3,000 cars.", OPEN, False),
        ("The council opened the bridge on 1 May.", OPEN, False),
        ("The council opened the bridge in May.", CLOSED, False),
        ("No bridge was opened in May.", CLOSED, True),
        ("Der Rat hat die Brücke geöffnet.", GERMAN, False),
        ("Der Rat hat keine Brücke geöffnet.", GERMAN, True),
        ("市议会打开了这座桥。", CHINESE, False),
        ("市议会没有打开桥。", CHINESE, True),
    ],
)
def test_a_sentence_stands_when_it_denies_the_same_and_has_no_other_number(
    sentence: str, statement: tuple[str, str], stands: bool
) -> None:
    [read] = read_statements(*statement)
    assert stands_on(sentence, read) is stands
