"""Documents in other languages than the sample model's own have summaries, or extracts, in their language."""

from __future__ import annotations

import pytest
from installation import SummarizeAll

from producers.samples import sample_folder
from streaming.summarizer.languages import detect_language
from streaming.summarizer.sentences import ends_with_sentence


@pytest.mark.parametrize(("sample", "language"), [("09-brief-die-baeckerei", "de"), ("10-shan-cun-de-qiao", "zh")])
def test_a_sample_is_summarized_in_its_language_and_has_signals(
    summarize_all: SummarizeAll, sample: str, language: str
) -> None:
    text = (sample_folder() / f"{sample}.txt").read_text()
    [written] = summarize_all([text])
    print(f"{written.status}: {written.summary} {written.signals}")
    assert detect_language(written.summary) == detect_language(text) == language
    assert ends_with_sentence(written.summary)
    assert written.signals.grounding is not None
    assert written.signals.grounding > 0.2
    assert 0.02 < written.signals.compression < 0.7
