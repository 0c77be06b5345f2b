"""Extracts: sentences of the text itself, within a length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.sentences import word_count
from streaming.summarizer.extract import extract_lines, extract_sentences, lead_sentences, pick_sentences, text_rank

BRIDGE = (
    "The bridge at Alder Ford was closed on Monday. Engineers found cracks in two of the piers of the bridge. "
    "My aunt likes plums. The council wants the cracks in the bridge repaired before the winter. "
    "Nobody asked about the weather."
)


def test_the_sentences_that_share_the_most_stand_for_the_text() -> None:
    extract = extract_sentences(BRIDGE, words=26)
    assert "cracks" in extract
    assert "plums" not in extract
    assert "weather" not in extract


def test_sentences_keep_the_order_of_the_text() -> None:
    assert extract_sentences(BRIDGE, words=1000) == BRIDGE


def test_an_extract_is_never_longer_than_asked() -> None:
    for words in range(60):
        assert word_count(extract_sentences(BRIDGE, words=words)) <= words


def test_of_sentences_that_score_the_same_the_earlier_is_taken() -> None:
    assert pick_sentences(BRIDGE, lambda sentences: [0.0] * len(sentences), words=9) == BRIDGE.split(". ")[0] + "."


def test_the_scores_of_all_sentences_add_up_to_one() -> None:
    scores = text_rank(["The cat sat.", "A cat ran.", "Zebras."])
    assert scores.sum() == pytest.approx(1)
    assert scores[0] > scores[2]


def test_a_sentence_that_is_too_long_is_cut_and_shows_it() -> None:
    assert extract_sentences("The old bridge at Alder Ford was closed.", words=3.5) == "The old bridge…"
    assert lead_sentences("The old bridge at Alder Ford was closed.", words=5.5) == "The old bridge at Alder…"


@pytest.mark.parametrize("text", ["x" * 20_000, "ภาษาไทยไม่มีช่องว่าง" * 1_000])
def test_a_text_without_spaces_is_no_single_word(text: str) -> None:
    assert len(extract_sentences(text, words=60)) < 1_000


def test_a_sentence_that_comes_again_and_again_is_no_more_important_and_stands_there_once() -> None:
    disclaimer = "This message of the bridge office is confidential, and only for the council and the engineers. "
    thread = "".join(f"{sentence.strip('. ')}. {disclaimer}" for sentence in BRIDGE.split(". "))
    extract = extract_sentences(thread, words=1000)
    assert extract.count("confidential") == 1
    assert extract_lines("- a bridge of stone\n" * 9 + "- the bridge has cracks", words=99).count("stone") == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_heading_stands_in_no_extract(language: str) -> None:
    assert extract_sentences(f"The Bridge at Alder Ford\n\n{BRIDGE}", words=1000, language=language) == BRIDGE


def test_an_extract_of_a_text_without_a_full_stop_ends_with_one() -> None:
    assert extract_sentences("the bridge is closed", words=20) == "the bridge is closed."


@given(st.text(max_size=400), st.floats(min_value=0, max_value=50))
def test_any_text_has_an_extract_within_its_length(text: str, words: float) -> None:
    assert word_count(extract_sentences(text, words=words)) <= words


def test_a_chinese_text_has_an_extract() -> None:
    text = "大雨冲垮了老桥。村民搭了一座临时的桥。孩子们又能去上学了。"
    extract = extract_sentences(text, words=8)
    assert extract in text.replace("。", "。|").split("|")
    assert extract_sentences(text, words=100) == text
