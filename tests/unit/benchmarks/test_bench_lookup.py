from __future__ import annotations

import pytest

from benchmarks.lookup import guessed_right


@pytest.mark.parametrize(
    ("prompt", "completion", "free", "why"),
    [
        ([1, 2, 3, 4, 5, 6, 1, 2], [3, 4, 5, 6], 3.0, "all of it stands in the prompt: three guessed, one said"),
        ([1, 2, 3, 4, 5, 6, 1, 2], [3, 9, 9, 9], 1 / 3, "one right guess, then two steps that had none"),
        ([1, 2, 3, 4], [5, 6, 7], 0.0, "nothing repeats"),
        ([1, 2, 3, 8, 1, 2, 4, 9, 1, 2], [4, 9, 5], 2.0, "the last time counts, not the first"),
        ([7, 7], [], 0.0, "nothing was said"),
    ],
)
def test_only_what_the_model_would_have_said_counts_as_guessed(
    prompt: list[int], completion: list[int], free: float, why: str
) -> None:
    assert guessed_right(prompt, completion) == pytest.approx(free), why
