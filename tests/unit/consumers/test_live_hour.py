"""The numbers of the last hour are exact, whatever the order of the records, and percentiles nearly."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from archives import dead_letter, deletion, summary
from live_records import letter, result

from consumers.live.histogram import bin_of, percentiles
from consumers.live.hour import LastHour
from consumers.live.results import Result

NOW = 1_790_003_605.0
MS = int(NOW * 1000)


def made(offset: int, age: float, **changes: object) -> Result:
    """Return a result that arrived `age` seconds ago, five seconds after its document."""
    at = MS - int(age * 1000)
    message = summary(offset, at=at - 5000).model_copy(update=changes)
    return result(message, offset, at=at)


def test_results_count_in_the_step_of_their_time() -> None:
    hour = LastHour()
    hour.count([made(1, 0), made(2, 4), made(3, 7), made(4, 3594), made(5, 3606), made(6, -500)], NOW)
    bars = hour.numbers(NOW).hour
    assert (bars.step, len(bars.documents), bars.start) == (10, 360, 1_790_000_010)
    # A clock that is ahead counts as now, and what is older than an hour not at all.
    assert (bars.documents[-2:], bars.documents[0], sum(bars.documents)) == ([1, 3], 1, 5)
    assert bars.tokens[-1] == 45


def test_the_order_of_counting_makes_no_difference() -> None:
    results = [made(n, n * 7.3 % 3700, status=("ok", "repaired")[n % 2], seconds=n / 7) for n in range(500)]
    forward, backward = LastHour(), LastHour()
    forward.count(results, NOW)
    for one in reversed(results):
        backward.count([one], NOW)
    assert forward.numbers(NOW) == backward.numbers(NOW)


def test_the_hour_moves_on() -> None:
    hour = LastHour()
    hour.count([made(1, 0)], NOW)
    hour.count_letters([letter(dead_letter(2), 2, at=MS)], NOW)
    assert hour.numbers(NOW + 3500).statuses == {"ok": 1}
    assert hour.numbers(NOW + 3500).reasons == {"decode/NotUtf8": 1}
    later = hour.numbers(NOW + 3600)
    assert (later.statuses, later.reasons, later.seconds, sum(later.hour.documents)) == ({}, {}, None, 0)


def test_rates_are_those_of_the_last_minute() -> None:
    hour = LastHour()
    hour.count([made(n, n) for n in range(0, 90, 10)], NOW)
    numbers = hour.numbers(NOW)
    assert (numbers.documents_per_minute, numbers.tokens_per_second) == (6.0, 6 * 15 / 60)
    assert hour.numbers(NOW + 61).documents_per_minute == 0


def test_the_pace_begins_with_the_first_result_of_the_last_minutes() -> None:
    hour = LastHour()
    # 60 results in the 25 s until now, and the step of the first began 5 s before it.
    hour.count([made(n, 20 - n / 3) for n in range(60)], NOW)
    assert hour.numbers(NOW).pace == pytest.approx(60 / 25)
    assert LastHour().numbers(NOW).pace == 0


def test_two_results_tell_no_pace_and_so_promise_no_end() -> None:
    hour = LastHour()
    hour.count([made(1, 5), made(2, 4)], NOW)
    assert hour.numbers(NOW).pace == 0
    hour.count([made(3, 3)], NOW)
    assert hour.numbers(NOW).pace > 0


def test_shares_and_deletions() -> None:
    hour = LastHour()
    hour.count([made(1, 1, reused=True), made(2, 1, status="repaired"), result(deletion("d", 3), 3, at=MS)], NOW)
    numbers = hour.numbers(NOW)
    assert (numbers.statuses, numbers.reused) == ({"ok": 1, "repaired": 1}, 1)


def test_the_backlog_of_a_step_is_the_last_that_was_seen() -> None:
    hour = LastHour()
    hour.note_backlog(7, NOW - 10)
    hour.note_backlog(5, NOW - 1)
    hour.note_backlog(0, NOW)
    assert hour.numbers(NOW).hour.backlog[-3:] == [None, 7, 0]


def test_a_step_that_has_just_begun_has_the_backlog_of_the_one_before() -> None:
    hour = LastHour()
    hour.note_backlog(5, NOW - 10)
    assert hour.numbers(NOW).hour.backlog[-2:] == [5, 5]
    assert hour.numbers(NOW + 10).hour.backlog[-3:] == [5, None, None]


def test_percentiles_are_at_most_two_and_a_half_percent_off() -> None:
    durations = random.Random(1)
    values = sorted(durations.lognormvariate(1, 1.5) for _ in range(20_000))
    # Spread over steps, as an hour has them.
    histograms = [Counter(map(bin_of, values[start::7])) for start in range(7)]
    measured = percentiles(histograms)
    assert measured is not None
    assert measured.p50 == pytest.approx(values[9_999], rel=0.025)
    assert measured.p95 == pytest.approx(values[18_999], rel=0.025)
    assert percentiles([]) is None
    assert percentiles([Counter([bin_of(0.0)])]) is not None
