"""The prompts that an estimate counts, with the vocabulary alone, are those that the model gets."""

from __future__ import annotations

from installation import SummarizeAll
from pages import ROOT

from streaming.engine import open_model
from streaming.planning.engine_choice import foresee
from streaming.planning.work import plan_counter, plan_work
from streaming.settings import load
from streaming.summarizer import Summarizer, SummaryRequest


def test_the_first_prompts_are_counted_exactly_without_the_weights(summarize_all: SummarizeAll) -> None:
    corpus = sorted((ROOT / "examples" / "corpus").glob("*.txt"))
    # One of one part, and one of several; German, too.
    texts = [corpus[4].read_text(), corpus[8].read_text(), 3 * (corpus[1].read_text() + corpus[2].read_text())]
    results = summarize_all(texts, ladder=False, faithfulness="off")
    settings = load({"representation": "given", "max_tokens": 64})
    model = open_model("sample")
    choice = foresee(settings, model, cores=2)
    work = plan_work(settings, choice, here=False)
    engine = plan_counter(settings, choice).load_counter()
    try:
        summarizer = Summarizer(engine, work.recipe)
        prompts = [summarizer.first_prompts(SummaryRequest(text, work.profiles["default"])) for text in texts]
    finally:
        engine.close()
    assert [len(counts) for counts in prompts] == [result.chunks for result in results]
    assert len(prompts[2]) > 1
    assert [sum(counts) for counts in prompts] == [result.prompt_tokens for result in results]
