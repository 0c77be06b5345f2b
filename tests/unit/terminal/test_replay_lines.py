"""The lines of a replay: a remaining time that says no more than was measured."""

from __future__ import annotations

import pytest

from streaming.terminal.replay_lines import RemainingTime, between, remaining, results


def test_nothing_is_said_before_two_micro_batches() -> None:
    rest = RemainingTime()
    assert rest.seconds(100) is None
    # The model is loaded in the first one.
    rest.add(10, 500)
    assert rest.seconds(100) is None
    rest.add(10, 20)
    assert rest.seconds(100) == (200, 200)


def test_the_rest_lies_between_the_pace_of_the_run_and_that_of_its_last_batches() -> None:
    rest = RemainingTime()
    for seconds in (9, *[10] * 5, *[30] * 5):
        rest.add(10, seconds)
    assert rest.seconds(50) == (100, 150)


def test_gaps_that_hold_no_record_say_nothing() -> None:
    rest = RemainingTime()
    rest.add(0, 1)
    rest.add(0, 1)
    assert rest.seconds(5) is None


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(40, 40, "40 s"), (40, 80, "40 to 80 s"), (40, 400, "40 s to 7 min"), (4000, 9000, "67 min to 2.5 h")],
)
def test_a_range_of_time_has_one_unit_where_it_can(low: float, high: float, text: str) -> None:
    assert between(low, high) == text


def test_a_finished_replay_has_no_time_left() -> None:
    assert remaining(10, 30, (60, 120)) == "10 of 30 offsets, 60 s to 2 min left"
    assert remaining(30, 30, (0, 0)) == "30 of 30 offsets"


def test_counts_are_named_where_there_are_any() -> None:
    counts = {"summaries": 1, "dead_letters": 0, "deletions": 0, "reused": 0, "skipped": 0}
    assert results(counts) == "1 summary"
    counts = {"summaries": 30, "dead_letters": 1, "deletions": 2, "reused": 7, "skipped": 1000}
    assert results(counts) == (
        "30 summaries, 1 dead letter, 2 deletions, 7 of the summaries from the store, "
        "1,000 records left out by the filter"
    )
