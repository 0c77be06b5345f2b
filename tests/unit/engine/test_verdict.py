from __future__ import annotations

import math
from typing import Any

import pytest

from streaming.engine import Setup
from streaming.engine.tuning.tuning_file import Quality, Speed
from streaming.engine.tuning.verdict import assess_quality, is_better, no_worse


def windows(*changes: float, tokens: int = 400) -> list[dict[str, Any]]:
    """Windows whose perplexity is higher by so many nats a token."""
    return [
        {
            "tokens": tokens,
            # Windows are far more different than the files are.
            "original": tokens * (2.0 + place),
            "others": [{"loss": tokens * (2.0 + place + change), "divergence": 0.01 * tokens, "same": tokens // 2}],
        }
        for place, change in enumerate(changes)
    ]


def quality_of(*changes: float) -> Quality:
    quality = assess_quality("BF16", 0, windows(*changes))
    assert quality is not None
    return quality


def test_a_window_is_compared_with_itself_so_that_a_small_change_is_seen_among_texts_that_differ_much() -> None:
    quality = quality_of(*[0.003, 0.004, 0.005] * 7)
    assert quality.change == pytest.approx(0.004)
    assert 0.003 < quality.low < quality.change < quality.high < 0.005
    assert quality.perplexity / quality.given_perplexity == pytest.approx(math.exp(0.004))
    assert (quality.tokens, quality.divergence, quality.same_top) == (8400, pytest.approx(0.01), 0.5)


def test_a_long_window_counts_for_more_than_a_short_one() -> None:
    quality = assess_quality("BF16", 0, windows(0.0, tokens=300) + windows(0.1, tokens=100))
    assert quality is not None
    assert quality.change == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("changes", "allowed", "why"),
    [
        ([0.001, -0.001, 0.0005, -0.0006] * 5, True, "no difference to be seen"),
        ([-0.004, -0.003, -0.005] * 7, True, "better"),
        ([0.001, 0.0011, 0.0012] * 7, False, "worse by a little, but certainly"),
        ([0.2, -0.2] * 3, False, "too few texts to say that it is not much worse"),
        ([0.2, 0.21, 0.19] * 7, False, "much worse"),
        ([0.03, -0.03] * 200, True, "worse by less than 0.5%, with confidence"),
        ([0.1, -0.1] * 200, False, "worse by less than 1%, with confidence, but not by less than 0.5%"),
    ],
)
def test_only_what_is_not_worse_may_be_chosen(changes: list[float], allowed: bool, why: str) -> None:
    assert no_worse(quality_of(*changes), allow_loss=0) is allowed, why


def test_the_interval_has_95_percent_confidence() -> None:
    # The standard error is 0.05 / sqrt(400), and 1.96 of them are on either side of the mean.
    quality = quality_of(*[0.05, -0.05] * 200)
    assert (quality.low, quality.high) == (pytest.approx(-0.0049, rel=0.05), pytest.approx(0.0049, rel=0.05))


def test_a_loss_that_is_allowed_is_kept_to_with_confidence() -> None:
    worse = quality_of(*[0.03, 0.035, 0.04] * 7)
    assert no_worse(worse, allow_loss=0.05)
    assert not no_worse(worse, allow_loss=0.03)
    assert not no_worse(worse, allow_loss=math.expm1(worse.change))


@pytest.mark.parametrize("broken", [math.nan, math.inf, 1e9])
def test_predictions_that_are_no_numbers_have_no_quality(broken: float) -> None:
    lines = windows(*[0.0] * 20)
    lines[3]["others"][0]["loss"] = broken * lines[3]["tokens"]
    assert assess_quality("F16", 0, lines) is None


def test_a_loss_that_is_allowed_refuses_nothing_that_is_no_worse() -> None:
    fine = quality_of(*[0.004, -0.004] * 10)
    assert fine.high > 0.001
    assert no_worse(fine, allow_loss=0)
    assert no_worse(fine, allow_loss=0.001)


def speed(rate: float, *, slots: int = 16, lanes: int = 2, ubatch: int = 512) -> Speed:
    return Speed("BF16", Setup(slots, lanes, 2, ubatch), 800, 96, 1.0, 0.1, rate, 1, 1)


@pytest.mark.parametrize(
    ("other", "better"),
    [
        (speed(1.08, slots=32), False),
        (speed(1.12, slots=32), True),
        (speed(0.98, slots=8), True),
        (speed(0.95, slots=8), False),
        (speed(1.08, lanes=1), False),
        (speed(1.12, lanes=1), True),
        (speed(1.02, ubatch=256), False),
        (speed(1.05, ubatch=256), True),
    ],
)
def test_a_setup_that_costs_more_must_be_faster_by_more(other: Speed, better: bool) -> None:
    assert is_better(other, speed(1.0)) is better
