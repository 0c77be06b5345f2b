"""No summary of the samples says what its text does not: each sentence is held against the place that it stands on."""

from __future__ import annotations

import re

from installation import SummarizeAll

from producers.samples import sample_folder

# A sentence of the model may be in other words than its text, by so much.
LEAST_SHARED = 0.8


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def test_each_sentence_of_the_samples_summaries_says_what_stands_at_its_evidence(summarize_all: SummarizeAll) -> None:
    texts = [path.read_text() for path in sorted(sample_folder().glob("*.txt"))]
    assert len(texts) == 12
    for text, written in zip(texts, summarize_all(texts), strict=True):
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
