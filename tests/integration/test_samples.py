"""The samples' summaries: in the language of their text, with nothing that the text does not say."""

from __future__ import annotations

import re

import pytest
from installation import SummarizeAll

from producers.samples import sample_folder
from streaming.sentences import ends_with_sentence
from streaming.summarizer import SummaryResult
from streaming.summarizer.languages import detect_language

# A sentence of the model may be in other words than its text, by so much.
LEAST_SHARED = 0.8
Samples = dict[str, tuple[str, SummaryResult]]


@pytest.fixture(scope="module")
def samples(summarize_all: SummarizeAll) -> Samples:
    """Each sample's text and summary, by the name of its file."""
    texts = {path.stem: path.read_text() for path in sorted(sample_folder().glob("*.txt"))}
    assert len(texts) == 12
    results = summarize_all(list(texts.values()))
    return {name: (text, result) for (name, text), result in zip(texts.items(), results, strict=True)}


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def test_each_sentence_of_the_summaries_says_what_stands_at_its_evidence(samples: Samples) -> None:
    for text, written in samples.values():
        assert written.sentences
        assert written.supported == 1
        for sentence in written.sentences:
            said = written.summary[sentence.start : sentence.end]
            print(f"{sentence.origin}: {said}")
            [(start, end)] = sentence.evidence
            evidence = words(text[start:end])
            if sentence.origin == "text":
                assert "".join(words(said)) in "".join(evidence)
            else:
                shared = sum(word in evidence for word in words(said)) / len(words(said))
                assert shared >= LEAST_SHARED
                assert set(re.findall(r"\d+", said)) <= set(re.findall(r"\d+", text[start:end]))


@pytest.mark.parametrize(("sample", "language"), [("09-brief-die-baeckerei", "de"), ("10-shan-cun-de-qiao", "zh")])
def test_a_sample_in_another_language_than_the_models_is_summarized_in_its_own_and_has_signals(
    samples: Samples, sample: str, language: str
) -> None:
    text, written = samples[sample]
    print(f"{written.status}: {written.summary} {written.signals}")
    assert detect_language(written.summary) == detect_language(text) == language
    assert ends_with_sentence(written.summary)
    assert written.signals.grounding is not None
    assert written.signals.grounding > 0.2
    assert 0.02 < written.signals.compression < 0.7
