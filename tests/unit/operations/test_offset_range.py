"""What --from and --to say, and what is wrong with it."""

from __future__ import annotations

import pytest

from streaming.errors import UsageError
from streaming.operations.offset_range import Bound, parse_bounds


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("earliest", None),
        ("2023-11-14T22:13:20", 1_700_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("0=10", {(None, 0): 10}),
        ("0=10, 1=20", {(None, 0): 10, (None, 1): 20}),
        ("documents:0=10,other.topic:12=0", {("documents", 0): 10, ("other.topic", 12): 0}),
    ],
)
def test_a_bound_is_a_time_or_an_offset_of_each_partition(text: str, bound: Bound) -> None:
    assert parse_bounds(text, "latest") == (bound, None)


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("latest", "latest", "leave nothing between"),
        ("earliest", "earliest", "leave nothing between"),
        ("0=1,0=2", "latest", "--from names a partition twice"),
        ("earliest", "0=", "--to takes offsets as partition=offset"),
        ("0=1,yesterday", "latest", "--from takes offsets as"),
        ("2026-01-02", "2026-01-01", "--from 2026-01-02 is not before --to 2026-01-01"),
        ("-1d", "-2d", "--from -1d is not before --to -2d"),
        ("2026-01-02", "2026-01-02", "nothing between them"),
        ("earliest", "soon", "--to takes earliest, latest or a time"),
    ],
)
def test_a_bound_that_is_none_is_refused_and_its_flag_named(start: str, end: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parse_bounds(start, end)
