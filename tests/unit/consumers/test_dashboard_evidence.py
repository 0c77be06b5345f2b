"""A summary beside its document: cut at the right characters, and never at the cost of a character."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from archives import summary
from hypothesis import given
from hypothesis import strategies as st

from consumers.dashboard.compare import marked
from consumers.dashboard.evidence import ShownDocument, document_pieces, summary_and_document, summary_pieces
from streaming.messages import Summary, SummarySentence

# Chinese, an emoji of several code points, letters with combining marks, Arabic, a line end of Windows.
TEXT = st.text(
    st.sampled_from(["a", " ", ".", "桥", "👩", "\u200d", "🔥", "e", "\u0301", "م", "\r", "\n", "\U0001f3fd"]),
    max_size=60,
)
PLACE = st.integers(-5, 70)
SPANS = st.lists(st.lists(st.tuples(PLACE, PLACE), max_size=5), max_size=5)


def sentence(start: int, end: int, *evidence: list[int]) -> SummarySentence:
    return SummarySentence(start=start, end=end, origin="model", support=0.9, stands=True, evidence=list(evidence))


def about(document: str, text: str, *sentences: SummarySentence, **fields: Any) -> Summary:
    sha256 = hashlib.sha256(document.encode()).hexdigest()
    return summary(1).model_copy(
        update={"summary": text, "sentences": list(sentences), "document_sha256": sha256, **fields}
    )


@given(TEXT, SPANS)
def test_the_pieces_of_a_document_are_its_text_and_each_place_is_whole_pieces(
    text: str, evidence: list[list[tuple[int, int]]]
) -> None:
    pieces, of_sentence = document_pieces(text, evidence)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece for piece, _ in pieces)
    starts = [sum(len(piece) for piece, _ in pieces[:number]) for number in range(len(pieces))]
    for number, places in enumerate(evidence):
        covered = {place for start, end in places for place in range(max(0, start), min(end, len(text)))}
        shown = {starts[piece] + place for piece in of_sentence[number] for place in range(len(pieces[piece][0]))}
        assert shown == covered
        assert of_sentence[number] == [piece for piece, (_, on) in enumerate(pieces) if number in on]


@given(TEXT, st.lists(st.tuples(PLACE, PLACE), max_size=6))
def test_the_sentences_and_what_is_between_them_are_the_summary(text: str, spans: list[tuple[int, int]]) -> None:
    gaps, sentences = summary_pieces(about("", text, *(sentence(start, end) for start, end in spans)))
    assert len(gaps) == len(sentences) + 1
    assert gaps[0] + "".join(one + gap for one, gap in zip(sentences, gaps[1:], strict=True)) == text


@given(TEXT, TEXT)
def test_the_marked_words_of_two_summaries_are_the_summaries(a: str, b: str) -> None:
    words = marked(a, b)
    for runs, text in zip(words, (a, b), strict=True):
        assert "".join(run["text"] for run in runs) == text
    assert (a != b) or all(run["mark"] == "same" for runs in words for run in runs)


def test_evidence_is_counted_in_characters_not_in_the_units_of_a_browser() -> None:
    document = "👩🏽 rang. 桥断了。 Café burned."
    start = document.index("Café")
    shown = summary_and_document(
        about(document, "🔥 The cafe.", sentence(0, 11, [start, start + 12])), ShownDocument(document)
    )
    [marked_sentence] = shown["sentences"]
    assert marked_sentence["text"] == "🔥 The cafe."
    segments = shown["document"]["segments"]
    assert [segments[piece]["text"] for piece in marked_sentence["evidence"]] == ["Café burned."]


def test_two_sentences_may_stand_on_the_same_words() -> None:
    pieces, of_sentence = document_pieces("one two three", [[(0, 7)], [(4, 13)]])
    assert pieces == [("one ", [0]), ("two", [0, 1]), (" three", [1])]
    assert of_sentence == [[0, 1], [1, 2]]


def test_another_text_than_the_summarized_one_is_shown_without_evidence_and_says_so() -> None:
    shown = summary_and_document(
        about("The mill burned.", "It burned.", sentence(0, 10, [0, 16])), ShownDocument("The mill stands.")
    )
    assert shown["document"]["segments"] == [{"text": "The mill stands.", "sentences": []}]
    assert shown["sentences"][0]["evidence"] == []
    assert "not the one that was summarized" in shown["document_problem"]


def test_a_document_that_is_gone_leaves_the_summary() -> None:
    shown = summary_and_document(
        about("x", "It burned.", sentence(0, 10, [0, 1])), ShownDocument(problem="The document is gone.")
    )
    assert (shown["document"], shown["document_problem"]) == (None, "The document is gone.")
    assert shown["sentences"][0]["text"] == "It burned."


def test_a_summary_in_json_has_no_sentences_and_its_answer() -> None:
    answer = {"cause": "fire"}
    shown = summary_and_document(about("x", json.dumps(answer), answer=answer), ShownDocument("x"))
    assert (shown["sentences"], shown["gaps"]) == ([], [json.dumps(answer)])
    assert shown["summary"]["answer"] == answer


def test_a_record_that_was_no_plain_text_says_what_was_read() -> None:
    shown = ShownDocument("x", "Mill", ["text: a raw mail", "title: a number became text"])
    document = summary_and_document(about("x", "x"), shown)["document"]
    assert (document["title"], document["note"]) == (
        "Mill", "The record is no plain text; it was read as: a raw mail.",
    )  # fmt: skip
    assert summary_and_document(about("x", "x"), replace(shown, mended=()))["document"]["note"] is None


def test_line_ends_of_windows_are_line_ends() -> None:
    document = summary_and_document(about("a\r\nb\rc", "x"), ShownDocument("a\r\nb\rc"))["document"]
    assert document["segments"] == [{"text": "a\nb\nc", "sentences": []}]


def test_a_forged_summary_with_thousands_of_places_marks_none() -> None:
    places = [[0, 1]] * 1001
    shown = summary_and_document(about("xy", "x", sentence(0, 1, *places)), ShownDocument("xy"))
    assert "more than 1,000 places" in shown["document_problem"]
    assert len(shown["document"]["segments"]) == 1


def test_a_book_is_shown_as_far_as_a_browser_can() -> None:
    text = "x" * 2_000_001
    document = summary_and_document(about(text, "x"), ShownDocument(text))["document"]
    assert len(document["segments"][0]["text"]) == 2_000_000
    assert "2,000,001 characters" in document["note"]


def test_each_signal_says_what_it_means_and_a_bar_goes_from_nothing_to_all() -> None:
    signals = {one["name"]: one for one in summary_and_document(about("x", "x"), ShownDocument("x"))["signals"]}
    assert list(signals) == ["supported", "grounding", "repetition", "copy", "compression", "finish", "missing"]
    assert (signals["supported"]["value"], signals["supported"]["share"]) == (1.0, 1.0)
    assert (signals["grounding"]["value"], signals["grounding"]["share"]) == (None, None)
    assert all(one["meaning"] for one in signals.values())
