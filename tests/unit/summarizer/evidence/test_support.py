"""Shares of support that were computed by hand."""

from __future__ import annotations

import math

import pytest

from streaming.summarizer.evidence.support import Support, SupportIndex

# "a" is in two of three sentences, "b" in one: they weigh ln(4/3) + 1 and ln(4/2) + 1, a foreign unit ln(4/1) + 1.
INDEX = SupportIndex([{"a", "b"}, {"a", "c"}, {"d"}])
A, B, FOREIGN = math.log(4 / 3) + 1, math.log(2) + 1, math.log(4) + 1


@pytest.mark.parametrize(
    ("units", "within", "share", "best"),
    [
        ({"a", "b"}, None, 1.0, 0),
        # One sentence must say it all: two halves of two sentences are a half.
        ({"b", "d"}, None, 0.5, 0),
        ({"a", "b", "x"}, None, (A + B) / (A + B + FOREIGN), 0),
        ({"a", "b"}, {1, 2}, A / (A + B), 1),
        # The first of two that say as much.
        ({"a"}, None, 1.0, 0),
        ({"x"}, None, 0.0, None),
        ({"a"}, {2}, 0.0, None),
    ],
)
def test_support_is_the_share_of_the_weight_that_the_best_sentence_has(
    units: set[str], within: set[int] | None, share: float, best: int | None
) -> None:
    support = INDEX.support(units, within=within)
    assert support == Support(pytest.approx(share), best)


def test_a_sentence_without_units_has_no_support_that_could_be_measured() -> None:
    assert INDEX.support(set()) is None


def test_what_two_sentences_share_is_a_part_of_the_shorter_one() -> None:
    assert INDEX.shared({"a", "b"}, {"a"}) == pytest.approx(1)
    assert INDEX.shared({"a", "b"}, {"a", "c"}) == pytest.approx(A / (A + B))
    assert INDEX.shared({"a"}, set()) == 0
