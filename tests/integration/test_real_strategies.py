"""The strategies that are not the sample's own make a summary of several chunks with the real model, too."""

from __future__ import annotations

from typing import Any

import pytest
from installation import SummarizeAll

from producers.samples import sample_folder
from streaming.sentences import ends_with_sentence

# The end of a long sample.
_TEXT = "\n\n".join((sample_folder() / "08-history-of-a-canal.txt").read_text().split("\n\n")[-4:])


@pytest.mark.parametrize(
    ("prompt", "recipe", "strategy"),
    [
        ("default", {"strategy": "refine", "chunk_tokens": 320}, "refine"),
        ("default", {"strategy": "map-reduce", "reduce": "tree"}, "map-reduce"),
        ("headline", {}, "map-reduce"),
    ],
    ids=["refine", "map-reduce as a tree", "a profile that reduces"],
)
def test_a_strategy_makes_one_summary_of_several_chunks(
    summarize_all: SummarizeAll, prompt: str, recipe: dict[str, Any], strategy: str
) -> None:
    [written] = summarize_all([_TEXT], prompt, **{"chunk_tokens": 256, **recipe})
    print(f"{written.status}, {written.prompt_tokens} + {written.completion_tokens} tokens: {written.summary}")
    assert written.strategy == strategy
    assert written.chunks > 1
    assert ends_with_sentence(written.summary)
    assert written.signals.grounding is not None
    # An answer made of answers is held against those, not against the text.
    assert written.signals.grounding > 0.1
    assert written.signals.compression < 0.5
    # One answer for each chunk at least.
    assert written.prompt_tokens > written.chunks * 100
