"""Where evidence points: into the document as it came, whatever was cleaned, cut, joined or wrapped on the way."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from fake_engine import FakeEngine
from generated_texts import CONNECTIVES, GeneratedText, generated_texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from summaries import RECIPE, write

from streaming.summarizer import SummaryResult
from streaming.summarizer.cleaning import clean_text

# One prompt, parts that are joined, parts that are summarized again, parts one after the other, and no model at all.
WAYS: dict[str, dict[str, Any]] = {
    "stuff": {"strategy": "stuff"},
    "map-reduce": {"chunk_tokens": 120},
    "tree": {"chunk_tokens": 120, "reduce": "tree"},
    "refine": {"chunk_tokens": 160, "strategy": "refine"},
    "extractive": {"strategy": "extractive"},
}
INVENTED = {
    "en": "The king gave a feast for horses.",
    "de": "Der König gab ein Fest für Pferde.",
    "zh": "国王为马匹举行了一次宴会。",
}
REPLIES = ["nothing", "invented", "the first words", "some of each", "now and then"]


def engine(kind: str, language: str) -> FakeEngine:
    """Return an engine that says nothing, what stands nowhere, the beginning of its text, or one after the other."""
    texts: list[str] = []

    def reply(text: str) -> str:
        texts.append(text)
        if kind == "now and then":
            return "" if len(texts) % 2 else INVENTED[language]
        first = re.split(r"(?<=[.。])", " ".join(text.split()).strip("*- "), maxsplit=1)[0]
        answers = {"nothing": "", "invented": INVENTED[language], "the first words": first}
        return answers.get(kind, f"{first} {INVENTED[language]}")

    return FakeEngine(reply, context=8192, slots=1)


def summarize(document: GeneratedText, way: str, reply: str, **recipe: Any) -> SummaryResult:
    chosen = replace(RECIPE, **{"chunk_tokens": 2_000, "max_tokens": 60, **WAYS[way], **recipe})
    return write(document.text, engine(reply, document.language), chosen, document.language)


def words(text: str) -> list[str]:
    """Return the words of a text, or its characters where a script has no blanks, without case and marks."""
    return re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+", clean_text(text).casefold())


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    document=generated_texts(),
    way=st.sampled_from(list(WAYS)),
    reply=st.sampled_from(REPLIES),
    faithfulness=st.sampled_from(["strict", "flag"]),
    ladder=st.booleans(),
)
def test_the_document_says_at_its_place_what_a_sentence_of_its_own_says(
    document: GeneratedText, way: str, reply: str, faithfulness: str, ladder: bool
) -> None:
    written = summarize(document, way, reply, faithfulness=faithfulness, ladder=ladder)
    assert written.supported is not None
    for sentence in written.sentences:
        assert all(0 <= start < end <= len(document.text) for start, end in sentence.evidence)
        if sentence.origin == "text":
            [[start, end]] = sentence.evidence
            place = words(document.text[start:end])
            said = words(written.summary[sentence.start : sentence.end])
            # It ends where the sentence ends, and begins with it or with a connective that the sentence lost.
            assert said
            assert place[-len(said) :] == said
            assert place[: -len(said)] in ([], words(CONNECTIVES[document.language]))


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    document=generated_texts(),
    way=st.sampled_from(list(WAYS)),
    reply=st.sampled_from(REPLIES),
    faithfulness=st.sampled_from(["strict", "flag", "off"]),
)
def test_sentences_follow_each_other_and_leave_out_nothing_but_marks_of_lists_and_emphasis(
    document: GeneratedText, way: str, reply: str, faithfulness: str
) -> None:
    written = summarize(document, way, reply, faithfulness=faithfulness)
    position = 0
    for sentence in written.sentences:
        assert position <= sentence.start < sentence.end <= len(written.summary)
        assert not written.summary[position : sentence.start].strip("-* \n")
        assert words(written.summary[sentence.start : sentence.end])
        position = sentence.end
    assert not written.summary[position:].strip("* \n")
    assert written.sentences


@pytest.mark.parametrize("way", ["stuff", "map-reduce", "tree", "refine"])
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(document=generated_texts(), reply=st.sampled_from(REPLIES))
def test_what_a_document_does_not_say_is_in_no_strict_summary(way: str, document: GeneratedText, reply: str) -> None:
    written = summarize(document, way, reply, faithfulness="strict")
    assert INVENTED[document.language] not in written.summary
    assert written.supported == 1


@pytest.mark.parametrize("ladder", [False, True], ids=["one try", "the ladder"])
@pytest.mark.parametrize("faithfulness", ["off", "flag"])
@pytest.mark.parametrize("way", ["tree", "refine"])
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(document=generated_texts(fewest=14))
def test_a_sentence_of_the_model_stays_the_models_in_an_extract_of_summaries(
    way: str, faithfulness: str, ladder: bool, document: GeneratedText
) -> None:
    written = summarize(document, way, "now and then", faithfulness=faithfulness, ladder=ladder)
    for sentence in written.sentences:
        if written.summary[sentence.start : sentence.end] == INVENTED[document.language]:
            assert (sentence.origin, sentence.stands) == ("model", False)
