"""Where `gistream tail --from` begins."""

from __future__ import annotations

import time

import pytest

from consumers.tail import parse_start
from streaming.errors import UsageError


@pytest.mark.parametrize(
    ("start", "seconds"),
    [
        ("-90s", 90), ("-30m", 1800), ("-1h", 3600), ("-1h30m", 5400), ("-2d", 172_800), ("-1w", 604_800),
        ("1h ago", 3600), ("2 d ago", 172_800), ("1h 30m ago", 5400), (" -1h ", 3600),
    ],
)  # fmt: skip
def test_a_start_may_be_how_long_ago(start: str, seconds: int) -> None:
    moment = parse_start(start)
    assert isinstance(moment, int)
    assert abs(time.time() - seconds - moment / 1000) < 60


@pytest.mark.parametrize(
    ("start", "milliseconds"),
    [
        ("2026-01-31T08:00", 1_769_846_400_000),
        ("2026-01-31T08:00Z", 1_769_846_400_000),
        ("2026-01-31T09:00+01:00", 1_769_846_400_000),
        ("2026-01-31", 1_769_817_600_000),
        # Before all records.
        ("1969-07-20", 0),
        ("-999999999w", 0),
    ],
)
def test_a_start_may_be_a_time(start: str, milliseconds: int) -> None:
    assert parse_start(start) == milliseconds


def test_a_start_may_be_an_end_of_the_topic() -> None:
    assert (parse_start("earliest"), parse_start("latest")) == ("earliest", "latest")


@pytest.mark.parametrize("start", ["", "-", "-1", "1h", "-1y", "ago", "yesterday", "-1h ago", "-1.5h", "2026-13-01"])
def test_another_start_is_refused_with_examples(start: str) -> None:
    with pytest.raises(UsageError, match=r"--from takes .*2026-01-31T08:00.* -1h"):
        parse_start(start)
