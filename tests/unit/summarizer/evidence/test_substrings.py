"""Looking for many pieces at once finds what looking for each finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streaming.summarizer.evidence.substrings import contained_in

WORDS = st.lists(st.sampled_from(["mill ", "mil", "burned ", "山村", ". ", "x"]), max_size=40).map("".join)


@given(text=WORDS, pieces=st.lists(WORDS, max_size=8))
def test_a_piece_is_contained_where_it_is_in_the_text(text: str, pieces: list[str]) -> None:
    assert contained_in(text, pieces) == [piece in text for piece in pieces]


@given(text=WORDS, start=st.integers(0, 100), end=st.integers(0, 200))
def test_each_part_of_a_text_is_contained_in_it(text: str, start: int, end: int) -> None:
    assert contained_in(text, [text[start:end], text[start:end] + "?"]) == [True, False]
