"""Where the characters of a cleaned text stood before."""

from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from streaming.summarizer.cleaning import OriginalPositions, clean_text

# A soft hyphen, marks that nobody sees, accents, controls, line ends, parts of a Korean syllable, and plain letters.
PIECES = [*"\u00ad\u200b\u202e\u0301\u0323\x07\x85\r\n\t \u1112\u1161\u11ababeé한中", "\r\n", "e\u0301", "👩\u200d🌾"]


@pytest.mark.parametrize(
    ("original", "word", "before"),
    [
        ("a soft word", "soft", "soft"),
        ("a so\u00adft word", "soft", "so\u00adft"),
        ("the cafe\u0301 by the sea", "café", "cafe\u0301"),
        ("the cafe\u0301 by the sea", "sea", "sea"),
        ("one\x07two\r\nthree", "two\r\nthree", "two\r\nthree"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af is here", "한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
        ("\u200b\ufeffe\u00ad\u0301", "é", "e\u00ad\u0301"),
    ],
)
def test_a_word_is_pointed_to_as_the_document_wrote_it(original: str, word: str, before: str) -> None:
    start = clean_text(original).index(word)
    span = OriginalPositions(original).span(start, start + len(word))
    assert original[slice(*span)] == before


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=30), st.data())
def test_any_span_of_the_cleaned_text_is_what_becomes_of_its_original(original: str, data: st.DataObject) -> None:
    cleaned, positions = clean_text(original), OriginalPositions(original)
    edges = [cluster.start() for cluster in regex.finditer(r"\X", cleaned)] + [len(cleaned)]
    if len(edges) < 2:
        return
    first = data.draw(st.integers(0, len(edges) - 2))
    last = data.draw(st.integers(first + 1, len(edges) - 1))
    start, end = edges[first], edges[last]
    begin, finish = positions.span(start, end)
    assert clean_text(original[begin:finish]) == cleaned[start:end]
    assert 0 <= begin < finish <= len(original)


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_cleaning_twice_cleans_no_more_and_leaves_nothing_unseen(original: str) -> None:
    cleaned = clean_text(original)
    assert clean_text(cleaned) == cleaned == unicodedata.normalize("NFC", cleaned)
    assert not {"\u00ad", "\u200b", "\u202e", "\x07", "\x85"} & set(cleaned)
